/** Sound of segments and of the whole clip, and the brand kit with its music. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Checkbox, Segmented, Select, TextField } from "~/components/fields";
import { Icon } from "~/components/icon";
import { duration, number } from "~/i18n";
import { to } from "~/routes";
import { may } from "~/session/session";
import type { Piece } from "../model/clock";
import type { Editor } from "../model/editor";
import { t } from "../messages";
import { tl } from "../look-messages";
import { useHeld } from "./held";

const SPEEDS = [0.5, 0.75, 1, 1.1, 1.25, 1.5, 2, 3, 4];
const MIN_LUFS = -24;
const MAX_LUFS = -11;
const LUFS = -14;

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
      <Loudness value={sound.target_lufs ?? LUFS} onSave={(target_lufs) => set({ target_lufs })} />
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

/** Typed freely, saved once it is left or confirmed; what the server would refuse is said and not sent. */
function Loudness({ value, onSave }: { value: number; onSave: (value: number) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const wanted = typed === null || typed.trim() === "" ? value : Number(typed);
  const isPossible = wanted >= MIN_LUFS && wanted <= MAX_LUFS;
  const commit = () => {
    if (!isPossible) return;
    setTyped(null);
    if (wanted !== value) onSave(wanted);
  };
  return (
    <TextField
      label={tl("lufs")} hint={tl("lufsHint")} type="number" min={MIN_LUFS} max={MAX_LUFS} step={0.5}
      error={isPossible ? null : tl("lufsBounds", { min: number(MIN_LUFS), max: number(MAX_LUFS) })}
      value={typed ?? String(value)} onInput={setTyped} onBlur={commit} onKeyDown={(event) => event.key === "Enter" && commit()}
    />
  );
}

function SegmentSound({ editor, piece, number: count }: { editor: Editor; piece: Piece; number: number }) {
  const gain = useHeld(piece.gain_db, (gain_db) => editor.do([{ op: "gain", segment_id: piece.segment_id, gain_db }]));
  const speeds = SPEEDS.includes(piece.speed) ? SPEEDS : [...SPEEDS, piece.speed].sort((a, b) => a - b);
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
        <input
          type="range" min={-24} max={12} step={1} value={gain.value} aria-label={tl("segmentGain", { number: count })}
          onPointerDown={gain.hold} onPointerUp={gain.release} onPointerCancel={gain.release} onBlur={gain.release}
          onInput={(event) => gain.move(event.currentTarget.valueAsNumber)}
        />
        <output>{number(gain.value, { signDisplay: "exceptZero" })} dB</output>
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
      {kit && kitId && (music ? <Music kitId={kitId} music={music} /> : <p class="hint">{tl("noMusic")}</p>)}
    </>
  );
}

/** Which music the kit lays under the clip, and how loud: both are changed in the kit. */
function Music({ kitId, music }: { kitId: string; music: Schemas["MusicBed"] }) {
  const asset = useQuery(`assets/${music.asset_id}`, (signal) => call(api.GET("/v1/assets/{asset_id}", { params: { path: { asset_id: music.asset_id } }, signal }))).data;
  const length = asset?.duration_ms ? ` (${duration(asset.duration_ms)})` : "";
  return (
    <div class="music">
      <p><Icon name="music" size={16} /> {tl("musicBed")}: <a href={to("brand-kits", kitId)}>{asset ? asset.name + length : tl("musicOfKit")}</a></p>
      <p class="hint">{tl("music", { gain: Math.abs(music.gain_db ?? -16), duck: Math.abs(music.duck_db ?? -10) })}</p>
    </div>
  );
}
