/** Sound of segments and of the whole clip, and the brand kit with its music. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Checkbox, Segmented, Select, TextField } from "~/components/fields";
import { number } from "~/i18n";
import { to } from "~/routes";
import { may } from "~/session/session";
import type { Piece } from "../model/clock";
import type { Editor } from "../model/editor";
import { t } from "../messages";
import { tl } from "../look-messages";

const SPEEDS = [0.5, 0.75, 1, 1.1, 1.25, 1.5, 2, 3, 4];
const REST_MS = 600;

export function SoundPanel({ editor, canEdit }: { editor: Editor; canEdit: boolean }) {
  const { sound } = editor.look.value;
  const set = (change: Partial<Schemas["SoundWish"]>) => editor.setLook({ sound: { ...editor.look.peek().sound, ...change } });
  return (
    <div class="panel-form">
      {canEdit && (
        <>
          <h3>{tl("segments")}</h3>
          <p class="hint">{tl("segmentsHint")}</p>
          <div class="segment-sounds">
            {editor.edit.value.segments.map((piece, index) => <SegmentSound key={piece.segment_id} editor={editor} piece={piece} number={index + 1} />)}
          </div>
        </>
      )}
      <h3>{tl("whole")}</h3>
      <p class="hint">{tl("scope")}</p>
      <TextField
        label={tl("lufs")} hint={tl("lufsHint")} type="number" min={-31} max={-9} step={0.5}
        value={String(sound.target_lufs ?? -14)}
        onInput={(value) => Number.isFinite(Number(value)) && value !== "" && set({ target_lufs: Number(value) })}
      />
      <Checkbox label={tl("level")} checked={sound.level_speakers ?? true} onChange={(level_speakers) => set({ level_speakers })} />
      <div class="field">
        <span class="label">{tl("denoise")}</span>
        <Segmented
          label={tl("denoise")}
          value={sound.denoise ?? "off"}
          choices={(["off", "light", "strong"] as const).map((value) => ({ value, label: tl(value) }))}
          onChange={(denoise) => set({ denoise })}
        />
      </div>
      <Checkbox label={tl("highPass")} checked={sound.high_pass ?? false} onChange={(high_pass) => set({ high_pass })} />
      <Checkbox label={tl("declick")} checked={sound.declick ?? false} onChange={(declick) => set({ declick })} />
      {may("brand:read") && <Brand editor={editor} />}
    </div>
  );
}

function SegmentSound({ editor, piece, number: count }: { editor: Editor; piece: Piece; number: number }) {
  const [gain, setGain] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const save = (value: number) => {
    setGain(null);
    timer.current = null;
    editor.do([{ op: "gain", segment_id: piece.segment_id, gain_db: value }]);
  };
  const slide = (value: number) => {
    setGain(value);
    if (timer.current) clearTimeout(timer.current);
    timer.current = setTimeout(() => save(value), REST_MS);
  };
  useEffect(() => () => {
    if (timer.current) clearTimeout(timer.current);
  }, []);
  const speeds = SPEEDS.includes(piece.speed) ? SPEEDS : [...SPEEDS, piece.speed].sort((a, b) => a - b);
  const shown = gain ?? piece.gain_db;
  return (
    <div class="segment-sound">
      <strong>{t("segment", { number: count })}</strong>
      <select
        aria-label={tl("segmentSpeed", { number: count })}
        value={String(piece.speed)}
        onChange={(event) => editor.do([{ op: "speed", segment_id: piece.segment_id, speed: Number(event.currentTarget.value) }])}
      >
        {speeds.map((speed) => <option key={speed} value={String(speed)}>{number(speed)}×</option>)}
      </select>
      <label class="gain">
        <input type="range" min={-24} max={12} step={1} value={shown} aria-label={tl("segmentGain", { number: count })} onInput={(event) => slide(event.currentTarget.valueAsNumber)} />
        <output>{number(shown, { signDisplay: "exceptZero" })} dB</output>
      </label>
      <Checkbox label={tl("segmentMute")} checked={piece.muted} onChange={(muted) => editor.do([{ op: "mute", segment_id: piece.segment_id, muted }])} />
    </div>
  );
}

function Brand({ editor }: { editor: Editor }) {
  const kits = useQuery("brand-kits", (signal) => call(api.GET("/v1/brand-kits", { signal }))).data?.items;
  const kitId = editor.look.value.kitId;
  if (!kits) return null;
  const kit = kits.find((one) => one.kit_id === kitId)?.kit;
  const music = kit?.music;
  return (
    <>
      {kits.length === 0 ? (
        <p class="hint">{tl("noKits")} {may("brand:write") && <a href={to("brand-kits")}>{tl("makeKit")}</a>}</p>
      ) : (
        <Select
          label={tl("brand")} hint={tl("brandHint")} value={kitId ?? ""}
          choices={[{ value: "", label: tl("noBrand") }, ...kits.map((one) => ({ value: one.kit_id, label: one.kit.name }))]}
          onChange={(id) => editor.setLook({ kitId: id || null })}
        />
      )}
      {kit && <p class="hint">{music ? tl("music", { gain: Math.abs(music.gain_db ?? -16), duck: Math.abs(music.duck_db ?? -10) }) : tl("noMusic")}</p>}
    </>
  );
}
