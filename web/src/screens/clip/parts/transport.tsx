/** Play, shuttle and position: all of it by keyboard too. */
import { Button, IconButton } from "~/components/button";
import { clock } from "~/i18n";
import { Segmented } from "~/components/fields";
import { ASPECTS } from "../model/crops";
import type { Editor } from "../model/editor";
import { t } from "../messages";

export function Transport({ editor }: { editor: Editor }) {
  const { player } = editor;
  const playing = player.playing.value;
  return (
    <div class="transport">
      <div class="transport-row">
        <IconButton small label={t("toStart")} icon="previous" onClick={() => player.seek(0)} />
        <Button kind="primary" class="play icon-only" icon={playing ? "pause" : "play"} aria-label={playing ? t("pause") : t("play")} aria-keyshortcuts="Space" onClick={() => player.toggle()} />
        <Clock editor={editor} />
        <span class="spread" />
        <label class="volume">
          <span class="visually-hidden">{t("volume")}</span>
          <input type="range" min={0} max={1} step={0.05} value={player.volume.value} onInput={(event) => player.setVolume(event.currentTarget.valueAsNumber)} />
        </label>
      </div>
      <Segmented
        label={t("aspect")}
        value={editor.look.value.aspect}
        choices={ASPECTS.map((one) => ({ value: one, label: one }))}
        onChange={(aspect) => editor.setLook({ aspect })}
      />
    </div>
  );
}

function Clock({ editor }: { editor: Editor }) {
  const { player } = editor;
  const at = Math.floor(player.outputMs.value / 100) * 100;
  return (
    <span class="clock" dir="ltr" role="timer" aria-live="off">
      <strong>{clock(at, true)}</strong> <span aria-hidden="true">/</span> {clock(editor.edit.value.length_ms, true)}
    </span>
  );
}
