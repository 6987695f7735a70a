/** What files to make: for which platforms, in which shapes and kinds. */
import type { ComponentChildren } from "preact";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Checkbox, Select } from "~/components/fields";
import { duration, number } from "~/i18n";
import { presetNote } from "~/i18n/server-words";
import { te } from "./messages";
import "./exports.css";

export type Aspect = Schemas["ClipExport"]["aspect"];
type PresetName = NonNullable<Schemas["ExportOptions"]["preset"]>;
type Container = NonNullable<Schemas["FileWish"]["container"]>;
const ASPECTS: readonly Aspect[] = ["9:16", "1:1", "16:9", "4:5"];
const KINDS: Container[] = ["mp4", "mov", "webm", "gif", "webp", "m4a", "mp3", "wav", "flac"];
const SOUND: readonly Container[] = ["m4a", "mp3", "wav", "flac"];
const QUALITIES = ["draft", "good", "best"] as const;

export interface ExportWish {
  platforms: PresetName[];
  aspects: Aspect[];
  container: Container;
  quality: (typeof QUALITIES)[number];
  stems: boolean;
}

export function firstWish(aspect: Aspect): ExportWish {
  return { platforms: [], aspects: [aspect], container: "mp4", quality: "good", stems: false };
}

/** Sound alone is made once, whatever the shapes. */
export function shapesOf(wish: ExportWish): Aspect[] {
  return SOUND.includes(wish.container) ? wish.aspects.slice(0, 1) : wish.aspects;
}

/** Files of one clip. */
export function countFiles(wish: ExportWish): number {
  return shapesOf(wish).length * Math.max(1, wish.platforms.length);
}

/** The options of each request, one for each platform; `base` holds what the form does not ask. */
export function optionsOf(wish: ExportWish, base: Schemas["ExportOptions"] = {}): Schemas["ExportOptions"][] {
  const { preset: _, ...rest } = base;
  const options = { ...rest, video: { ...base.video, quality: wish.quality }, file: { container: wish.container }, stems: wish.stems };
  return wish.platforms.length === 0 ? [options] : wish.platforms.map((preset) => ({ ...options, preset }));
}

interface Props {
  wish: ExportWish;
  onChange: (wish: ExportWish) => void;
  /** Lengths of the clips, by which a platform may refuse them. */
  lengthsMs: readonly number[];
  captions: boolean;
  onCaptions: (captions: boolean) => void;
  captionsHint: string;
  children?: ComponentChildren;
}

export function ExportForm({ wish, onChange, lengthsMs, captions, onCaptions, captionsHint, children }: Props) {
  const presets = useQuery("presets", (signal) => call(api.GET("/v1/presets", { signal }))).data?.presets ?? {};
  const togglePlatform = (name: PresetName, on: boolean) => {
    const platforms = on ? [...wish.platforms, name] : wish.platforms.filter((one) => one !== name);
    const best = presets[name]?.best_aspect;
    onChange({ ...wish, platforms, aspects: on && best && !wish.aspects.includes(best) ? [...wish.aspects, best] : wish.aspects });
  };
  return (
    <div class="export-form">
      <fieldset>
        <legend>{te("platforms")}</legend>
        <p class="hint">{te("platformsHint")}</p>
        {Object.entries(presets).map(([name, preset]) => (
          <Checkbox key={name} label={preset.name} hint={fitOf(preset, lengthsMs) ?? <PresetNote name={name} note={preset.note} />} checked={wish.platforms.includes(name as PresetName)} onChange={(on) => togglePlatform(name as PresetName, on)} />
        ))}
      </fieldset>
      <div>
        <fieldset>
          <legend>{te("shapes")}</legend>
          <p class="hint">{te("shapesHint")}</p>
          <ShapeChoices chosen={wish.aspects} onChange={(aspects) => onChange({ ...wish, aspects })} />
        </fieldset>
        <Select label={te("container")} value={wish.container} choices={KINDS.map((value) => ({ value, label: labelOf(value) }))} onChange={(container) => onChange({ ...wish, container })} />
        <Select label={te("quality")} value={wish.quality} choices={QUALITIES.map((value) => ({ value, label: te(value) }))} onChange={(quality) => onChange({ ...wish, quality })} />
        <Checkbox label={te("captionsIn")} hint={captionsHint} checked={captions} onChange={onCaptions} />
        <Checkbox label={te("stems")} checked={wish.stems} onChange={(stems) => onChange({ ...wish, stems })} />
        {children}
      </div>
    </div>
  );
}

function PresetNote({ name, note }: { name: string; note: string | undefined }) {
  const own = presetNote(name);
  return <span lang={own ? undefined : "en"}>{own ?? note}</span>;
}

function ShapeChoices({ chosen, onChange }: { chosen: Aspect[]; onChange: (aspects: Aspect[]) => void }) {
  return (
    <div class="shape-choices">
      {ASPECTS.map((one) => (
        <label key={one} class={chosen.includes(one) ? "chosen" : ""}>
          <input
            type="checkbox" class="visually-hidden" checked={chosen.includes(one)}
            onChange={(event) => onChange(event.currentTarget.checked ? [...chosen, one] : chosen.filter((other) => other !== one))}
          />
          <span class={`shape-drawn shape-drawn-${one.replace(":", "-")}`} aria-hidden="true" />
          {one}
        </label>
      ))}
    </div>
  );
}

function labelOf(kind: Container): string {
  const group = SOUND.includes(kind) ? te("soundKinds") : kind === "gif" || kind === "webp" ? te("pictureKinds") : te("videoKinds");
  return `${kind.toUpperCase()} · ${group}`;
}

/** Why clips of these lengths do not fit a platform; null: they do. Pure. */
export function fitOf(preset: Schemas["Preset"], lengthsMs: readonly number[]): string | null {
  const least = preset.min_ms ?? 0;
  const long = lengthsMs.filter((one) => one > preset.max_ms).length;
  const short = lengthsMs.filter((one) => one < least).length;
  if (long > 0) return lengthsMs.length === 1 ? te("tooLong", { length: duration(preset.max_ms) }) : te("someTooLong", { count: long, length: duration(preset.max_ms) });
  if (short > 0) return lengthsMs.length === 1 ? te("tooShort", { length: `${number(least / 1000)} s` }) : te("someTooShort", { count: short, length: `${number(least / 1000)} s` });
  return null;
}
