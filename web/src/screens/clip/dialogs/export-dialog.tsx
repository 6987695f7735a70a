/** What files to make: for which platforms, in which shapes and kinds. One request for each platform. */
import { useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { invalidate, useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Checkbox, Select, TextField } from "~/components/fields";
import { ProblemNotice } from "~/components/states";
import { duration, number } from "~/i18n";
import { common } from "~/i18n/common";
import { tell } from "~/state/toasts";
import { ASPECTS, type Aspect } from "../model/crops";
import type { Editor } from "../model/editor";
import { requestOf } from "../model/look";
import { tf } from "../file-messages";
import { useUsualTime } from "./usual-time";

type PresetName = NonNullable<Schemas["ExportOptions"]["preset"]>;
type Container = NonNullable<Schemas["FileWish"]["container"]>;
const KINDS: Container[] = ["mp4", "mov", "webm", "gif", "webp", "m4a", "mp3", "wav", "flac"];
const SOUND: readonly Container[] = ["m4a", "mp3", "wav", "flac"];

export function ExportDialog({ editor, clip, onClose, onAsked }: { editor: Editor; clip: Schemas["Clip"]; onClose: () => void; onAsked: () => void }) {
  const look = editor.look.value;
  const lengthMs = editor.edit.value.length_ms;
  const presets = useQuery("presets", (signal) => call(api.GET("/v1/presets", { signal }))).data?.presets ?? {};
  const [platforms, setPlatforms] = useState<PresetName[]>([]);
  const [aspects, setAspects] = useState<Aspect[]>([look.aspect]);
  const [container, setContainer] = useState<Container>("mp4");
  const [quality, setQuality] = useState<"draft" | "good" | "best">("good");
  const [stems, setStems] = useState(false);
  const [title, setTitle] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const shapes = SOUND.includes(container) ? aspects.slice(0, 1) : aspects;
  const count = shapes.length * Math.max(1, platforms.length);
  const usual = useUsualTime(clip, count);

  const togglePlatform = (name: PresetName, on: boolean) => {
    setPlatforms(on ? [...platforms, name] : platforms.filter((one) => one !== name));
    const best = presets[name]?.best_aspect;
    if (on && best && !aspects.includes(best)) setAspects([...aspects, best]);
  };
  const ask = async () => {
    setProblem(null);
    try {
      await editor.saver.flush();
      const request = requestOf(look);
      const { aspect: _, options, ...rest } = request;
      for (const preset of platforms.length > 0 ? platforms : [null]) {
        await call(api.POST("/v1/clips/{clip_id}/exports", {
          params: { path: { clip_id: clip.clip_id } },
          body: {
            ...rest,
            aspects: shapes,
            title: title.trim(),
            edit_version: editor.saver.saved.peek().version,
            options: { ...options, video: { quality }, file: { container }, stems, ...(preset ? { preset } : {}) },
          },
        }));
      }
      invalidate(`clip-files/${clip.clip_id}`);
      tell(tf("asked", { count }));
      onAsked();
    } catch (error) {
      setProblem(error);
    }
  };

  return (
    <Dialog title={tf("title")} onClose={onClose} wide>
      <div class="export-form">
        <fieldset>
          <legend>{tf("platforms")}</legend>
          <p class="hint">{tf("platformsHint")}</p>
          {Object.entries(presets).map(([name, preset]) => (
            <Checkbox
              key={name}
              label={preset.name}
              hint={fitOf(preset, lengthMs) ?? preset.note}
              checked={platforms.includes(name as PresetName)}
              onChange={(on) => togglePlatform(name as PresetName, on)}
            />
          ))}
        </fieldset>
        <div>
          <fieldset>
            <legend>{tf("shapes")}</legend>
            <p class="hint">{tf("shapesHint")}</p>
            <div class="shape-choices">
              {ASPECTS.map((one) => (
                <label key={one} class={aspects.includes(one) ? "chosen" : ""}>
                  <input
                    type="checkbox" class="visually-hidden" checked={aspects.includes(one)}
                    onChange={(event) => setAspects(event.currentTarget.checked ? [...aspects, one] : aspects.filter((other) => other !== one))}
                  />
                  <span class={`shape shape-${one.replace(":", "-")}`} aria-hidden="true" />
                  {one}
                </label>
              ))}
            </div>
          </fieldset>
          <Select label={tf("container")} value={container} choices={KINDS.map((value) => ({ value, label: labelOf(value) }))} onChange={setContainer} />
          <Select label={tf("quality")} value={quality} choices={(["draft", "good", "best"] as const).map((value) => ({ value, label: tf(value) }))} onChange={setQuality} />
          <Checkbox label={tf("captionsIn")} hint={tf("captionsHint")} checked={look.captions} onChange={(captions) => editor.setLook({ captions })} />
          <Checkbox label={tf("stems")} checked={stems} onChange={setStems} />
          <TextField label={tf("fileTitle")} hint={tf("fileTitleHint")} value={title} onInput={setTitle} maxLength={200} placeholder={clip.title} />
        </div>
      </div>
      <p class="hint">{tf("length", { length: duration(lengthMs) })} {usual !== null && tf("estimate", { time: duration(usual), count })} {!editor.saver.isClean && tf("unsaved")}</p>
      {problem !== null && <ProblemNotice problem={problem} />}
      <div class="dialog-actions">
        <Button onClick={onClose}>{common("cancel")}</Button>
        <Button kind="primary" icon="download" disabled={shapes.length === 0} onClick={ask}>{tf("make", { count })}</Button>
      </div>
    </Dialog>
  );
}

function labelOf(kind: Container): string {
  const group = SOUND.includes(kind) ? tf("soundKinds") : kind === "gif" || kind === "webp" ? tf("pictureKinds") : tf("videoKinds");
  return `${kind.toUpperCase()} · ${group}`;
}

/** Why a clip of this length does not fit a platform; null: it does. */
function fitOf(preset: Schemas["Preset"], lengthMs: number): string | null {
  if (lengthMs > preset.max_ms) return tf("tooLong", { length: duration(preset.max_ms) });
  if (lengthMs < (preset.min_ms ?? 0)) return tf("tooShort", { length: `${number((preset.min_ms ?? 0) / 1000)} s` });
  return null;
}
