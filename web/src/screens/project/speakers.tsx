/** Who speaks: names, how much, and joining two that are one. */
import { useState } from "preact/hooks";
import { Button } from "~/components/button";
import { ConfirmDialog } from "~/components/dialog";
import { Empty } from "~/components/states";
import { speakerColour } from "~/components/timeline";
import { duration, percent } from "~/i18n";
import { may } from "~/session/session";
import type { Speaker } from "./data";
import { mergeBack, renameBack } from "./transcript/speakers/speaker-edits";
import { t } from "./transcript/messages";
import type { Corrections } from "./transcript/store";
import type { Transcript } from "./transcript/paragraphs";

interface Props {
  speakers: Speaker[];
  transcript: Transcript;
  nameOf: (id: string | null | undefined) => string;
  corrections: Corrections;
  onJump: (ms: number) => void;
}

export function Speakers({ speakers, transcript, nameOf, corrections, onJump }: Props) {
  const [merging, setMerging] = useState<{ one: Speaker; into: Speaker } | null>(null);
  if (speakers.length === 0) return <Empty icon="people" title={t("noSpeakers")} />;
  const all = speakers.reduce((sum, one) => sum + one.speech_ms, 0) || 1;
  return (
    <div class="panel-pad">
      <ul class="plain stack">
        {speakers.map((one, at) => (
          <li key={one.id} class="card speaker-card" style={{ "--speaker": speakerColour(at) }}>
            <NameForm speaker={one} label={nameOf(one.id)} corrections={corrections} />
            <p class="speaker-share"><span style={{ inlineSize: `${(one.speech_ms / all) * 100}%` }} /></p>
            <p class="hint">
              {t("speech", { length: duration(one.speech_ms), share: percent(one.speech_ms / all) })} · {t("turnsOf", { count: one.turns })}
              {one.confidence !== null && <> · {t("sure", { percent: percent(one.confidence) })}</>}
            </p>
            {one.evidence && <p><button type="button" class="quote-jump" onClick={() => onJump(one.evidence!.start_ms)}>{t("self", { quote: one.evidence.quote })}</button></p>}
            <div class="row">
              <Button small icon="play" onClick={() => onJump(transcript.words.find((word) => word.speaker === one.id)?.start_ms ?? 0)}>{t("firstWords")}</Button>
              {may("projects:write") && speakers.length > 1 && <MergeChoice speaker={one} speakers={speakers} nameOf={nameOf} onChoose={(into) => setMerging({ one, into })} />}
            </div>
          </li>
        ))}
      </ul>
      <p class="hint">{t("splitHelp")}</p>
      {merging && (
        <ConfirmDialog
          title={t("mergeTitle", { one: nameOf(merging.one.id), two: nameOf(merging.into.id) })}
          text={t("mergeText", { one: nameOf(merging.one.id), two: nameOf(merging.into.id) })}
          verb={t("merge")}
          onClose={() => setMerging(null)}
          onConfirm={() => corrections.speakers([{ op: "merge", speaker: merging.one.id, into: merging.into.id }], mergeBack(transcript, merging.one.id, merging.into.id), t("merged"))}
        />
      )}
    </div>
  );
}

function NameForm({ speaker, label, corrections }: { speaker: Speaker; label: string; corrections: Corrections }) {
  const [name, setName] = useState<string | null>(null);
  const value = name ?? speaker.name ?? "";
  const save = (event: Event) => {
    event.preventDefault();
    setName(null);
    void corrections.speakers([{ op: "rename", speaker: speaker.id, name: value.trim() }], renameBack(speaker.id, speaker.name ?? ""), t("named"));
  };
  if (!may("projects:write")) return <h3 class="speaker-name">{label}</h3>;
  return (
    <form class="speaker-name" onSubmit={save}>
      <span class="speaker-dot" aria-hidden="true" />
      <input aria-label={t("name", { speaker: label })} placeholder={label} value={value} maxLength={100} onInput={(event) => setName(event.currentTarget.value)} />
      {name !== null && name.trim() !== (speaker.name ?? "") && <Button small kind="primary" type="submit">{t("saveName")}</Button>}
    </form>
  );
}

function MergeChoice({ speaker, speakers, nameOf, onChoose }: { speaker: Speaker; speakers: Speaker[]; nameOf: Props["nameOf"]; onChoose: (into: Speaker) => void }) {
  return (
    <label class="merge-choice">
      <span>{t("mergeInto")}</span>
      <select value="" onChange={(event) => {
        const into = speakers.find((one) => one.id === event.currentTarget.value);
        event.currentTarget.value = "";
        if (into) onChoose(into);
      }}>
        <option value="">{t("mergeChoose")}</option>
        {speakers.filter((one) => one.id !== speaker.id).map((one) => <option key={one.id} value={one.id}>{nameOf(one.id)}</option>)}
      </select>
    </label>
  );
}
