/** The picture: the source through the crop of the chosen shape, captions on the video's clock, the server's frame when it rests. */
import { computed, effect, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { Notice } from "~/components/states";
import { Icon } from "~/components/icon";
import { cueAt } from "../model/captions";
import { ratioOf, shownCrop, type CropBox, type Picture } from "../model/crops";
import type { Editor } from "../model/editor";
import { isWhole, type SourceState } from "../model/load";
import { t } from "../messages";
import { CropBoxEditor } from "./crop-box";
import { useServerFrame } from "./server-frame";

/** Largest box of a ratio in an area. */
function boxIn(area: Picture, ratio: number): Picture {
  const width = Math.min(area.width, area.height * ratio);
  return { width: Math.floor(width), height: Math.floor(width / ratio) };
}

export function Stage({ editor, source, onSourceLost }: { editor: Editor; source: SourceState; onSourceLost: () => void }) {
  const area = useRef<HTMLDivElement>(null);
  const videos = [useRef<HTMLVideoElement>(null), useRef<HTMLVideoElement>(null)] as const;
  const size = useSignal<Picture>({ width: 0, height: 0 });
  const { player } = editor;
  const file = source.file;
  const isCropping = editor.tab.value === "crop" && isWhole(file);
  const aspect = editor.look.value.aspect;
  const picture = editor.picture.value;

  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return undefined;
    const watcher = new ResizeObserver(() => (size.value = { width: element.clientWidth, height: element.clientHeight }));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);

  useEffect(() => {
    const [a, b] = [videos[0].current, videos[1].current];
    if (!file || !a || !b) return undefined;
    return player.attach([a, b], file.offsetMs);
  }, [file?.url, file?.offsetMs]);

  useEffect(() => effect(() => player.setPieces(editor.edit.value.segments)), [editor]);

  const ratio = isCropping && picture ? picture.width / picture.height : ratioOf(aspect);
  const box = boxIn(size.value, ratio);
  useEffect(() => effect(() => {
    const at = player.place;
    void player.outputMs.value;
    const whole = editor.picture.value;
    if (!isWhole(file) || !whole) return;
    const edit = editor.edit.value;
    const crop = isCropping
      ? { x: 0, y: 0, width: whole.width, height: whole.height }
      : shownCrop(aspect, at.sourceMs, edit.crops[aspect] ?? [], edit.suggested[aspect] ?? [], whole);
    for (const video of videos) if (video.current) place(video.current, crop, whole, box);
  }), [file?.url, aspect, isCropping, box.width, box.height]);

  const onMetadata = (event: Event) => {
    const video = event.currentTarget as HTMLVideoElement;
    if (!isWhole(file) || video.videoWidth === 0) return;
    editor.picture.value = { width: file?.width ?? video.videoWidth, height: file?.height ?? video.videoHeight };
  };

  const front = player.front.value;
  return (
    <div class="stage-area" ref={area}>
      <div class="stage" dir="ltr" style={{ width: `${box.width}px`, height: `${box.height}px` }}>
        {file && [0, 1].map((at) => (
          <video
            key={at}
            ref={videos[at as 0 | 1]}
            class={`${front === at ? "front" : "behind"}${isWhole(file) ? "" : " as-is"}`}
            src={file.url}
            preload="auto"
            playsInline
            disablePictureInPicture
            aria-hidden="true"
            tabIndex={-1}
            onLoadedMetadata={onMetadata}
            onError={at === 0 ? onSourceLost : undefined}
            onClick={() => player.toggle()}
          />
        ))}
        {file && !file.hasPicture && <p class="stage-note"><Icon name="music" size={32} />{t("soundOnly")}</p>}
        {!file && <p class="stage-note"><Icon name="film" size={32} />{source.detail ? t("noSource", { detail: source.detail }) : t("noSourcePlain")}</p>}
        {!isCropping && <ServerFrame editor={editor} />}
        {!isCropping && isWhole(file) && <CaptionOverlay editor={editor} height={box.height} />}
        {isCropping && picture && <CropBoxEditor editor={editor} picture={picture} box={box} />}
        {player.waiting.value && <span class="stage-wait spinner" role="status" aria-label={t("preview")} />}
        {player.playing.value && player.rate.value !== 1 && <span class="stage-rate">{t("speedAt", { rate: player.rate.value })}</span>}
      </div>
      {file && !isWhole(file) && <Notice>{source.preparing ? t("preparing") : t("withoutCrop")}</Notice>}
    </div>
  );
}

function place(video: HTMLVideoElement, crop: CropBox, picture: Picture, box: Picture): void {
  // Crops are whole pixels, so their ratio is not exactly the box's: fill it, as the export does.
  const scale = Math.max(box.width / crop.width, box.height / crop.height);
  const left = (box.width - crop.width * scale) / 2 - crop.x * scale;
  const top = (box.height - crop.height * scale) / 2 - crop.y * scale;
  video.style.width = `${picture.width * scale}px`;
  video.style.height = `${picture.height * scale}px`;
  video.style.transform = `translate(${left}px, ${top}px)`;
}

/** The picture that the encoder would be handed, over the resting video. */
function ServerFrame({ editor }: { editor: Editor }) {
  const frame = useServerFrame(editor);
  if (editor.player.playing.value) return <p class="frame-state">{editor.look.value.captions && t("exactPaused")}</p>;
  return (
    <>
      {frame.url && <img class="server-frame" src={frame.url} alt="" />}
      <p class="frame-state" role="status">
        {frame.state === "asking" && <><span class="spinner" aria-hidden="true" />{t("exactWait")}</>}
        {frame.state === "shown" && <><Icon name="check" size={14} />{t("exact")}</>}
        {frame.state === "failed" && <><Icon name="warning" size={14} />{t("exactFailed", { detail: frame.detail })}</>}
      </p>
    </>
  );
}

function CaptionOverlay({ editor, height }: { editor: Editor; height: number }) {
  const { player } = editor;
  const shown = useMemo(() => computed(() => cueAt(editor.cues.value, player.outputMs.value)), [editor]);
  const spoken = useMemo(() => computed(() => shown.value?.words.filter((word) => word.startMs <= player.outputMs.value).length ?? 0), [editor]);
  const cue = shown.value;
  if (!cue || !editor.look.value.captions || !player.playing.value) return null;
  return (
    <p class="caption-overlay" style={{ fontSize: `${Math.max(13, height * 0.042)}px` }}>
      {cue.words.map((word, at) => <span key={at} class={at === spoken.value - 1 ? "spoken" : ""}>{word.text.trim()} </span>)}
    </p>
  );
}
