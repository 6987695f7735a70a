/** The sound of the changed clip, drawn from the server's peaks: what was cut is not in it. */
import { useEffect, useRef } from "preact/hooks";
import { placeAt } from "../model/clock";
import type { Editor } from "../model/editor";
import type { Wave } from "../model/load";

const HEIGHT = 56;
const MOST_PX = 6000;

export function WaveCanvas({ editor, wave }: { editor: Editor; wave: Wave }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { segments, length_ms: length } = editor.edit.value;
  const zoom = editor.zoom.value;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const width = Math.min(MOST_PX, Math.max(1, element.clientWidth));
    element.width = width;
    element.height = HEIGHT;
    context.fillStyle = getComputedStyle(element).color;
    for (let x = 0; x < width; x += 1) {
      const { sourceMs } = placeAt(segments, (x / width) * length);
      const peak = wave.peaks[Math.floor(((sourceMs - wave.startMs) / 1000) * wave.perSecond)] ?? 0;
      const tall = Math.max(1, (peak / 255) * HEIGHT);
      context.fillRect(x, (HEIGHT - tall) / 2, 1, tall);
    }
  }, [segments, length, wave, zoom]);
  return <canvas ref={canvas} class="wave" height={HEIGHT} aria-hidden="true" />;
}
