/** Options of a project in plain words, grouped by what a person wants to decide. */
import { useMemo } from "preact/hooks";
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Select } from "~/components/fields";
import { language } from "~/i18n";
import { to } from "~/routes";
import { may } from "~/session/session";
import { t } from "./messages";
import { MoreOptions } from "./more-options";
import { aspectsOf, ASPECTS, errorAt, namedLanguages, toggleAspect, withValue, type Options } from "./options-model";
import { ChoiceOption, Group, ListOption, NumberOption, SwitchOption, TextOption, type OptionProps } from "./parts";
import { TemplatePicker } from "./template-picker";

const GENRES = ["none", "talk", "interview", "lecture", "podcast", "stream", "sport"] as const;

function Moments(props: OptionProps) {
  return (
    <Group title={t("groupMoments")} hint={t("groupMomentsHint")}>
      <TextOption {...props} path="prompt" label={t("prompt")} placeholder={t("promptExample")} maxLength={500} rows={2} />
      <ListOption {...props} path="topics" label={t("topics")} hint={t("topicsHint")} />
      <div class="columns">
        <NumberOption {...props} path="target_clips" label={t("targetClips")} placeholder={t("targetClipsUsual")} min={1} max={50} step={1} />
        <ChoiceOption {...props} path="genre" label={t("genre")} usual="none" choices={GENRES.map((value) => ({ value, label: t(`genre_${value}`) }))} />
      </div>
      <div class="columns">
        <NumberOption {...props} path="min_clip_ms" label={t("shortest")} scale={1000} placeholder="10" min={3} max={180} step="any" />
        <NumberOption {...props} path="max_clip_ms" label={t("longest")} scale={1000} placeholder="90" min={3} max={180} step="any" />
      </div>
    </Group>
  );
}

function Shapes({ options, errors, onChange }: OptionProps) {
  const chosen = aspectsOf(options);
  const error = errorAt(errors, "aspects");
  return (
    <Group title={t("groupShape")} hint={t("groupShapeHint")}>
      <div class="shapes">
        {ASPECTS.map((one) => (
          <button key={one} type="button" class="shape" aria-pressed={chosen.includes(one)} onClick={() => onChange(toggleAspect(options, one))}>
            <span class={`frame ratio-${one.replace(":", "-")}`} aria-hidden="true" />
            <strong>{one}</strong>
            <small>{t(`shape_${one.replace(":", "_") as "9_16"}`)}</small>
          </button>
        ))}
      </div>
      {error && <p class="error" role="alert">{error}</p>}
    </Group>
  );
}

function Captions({ script, ...props }: OptionProps & { script: boolean }) {
  const { options, errors, onChange } = props;
  const shown = options.captions ?? true;
  const english = options.export?.captions?.language === "en";
  const setLanguage = (next: "spoken" | "en") => {
    const wanted = withValue(options, "export/captions/language", next === "en" ? "en" : undefined);
    onChange(withValue(wanted, "translate", next === "en" ? "en" : undefined));
  };
  return (
    <Group title={t("groupCaptions")}>
      {!script && <SwitchOption {...props} path="captions" label={t("captions")} hint={t("captionsHint")} usual={true} />}
      {(shown || script) && (
        <>
          <TemplatePicker
            value={options.captions_template}
            usual={script ? "cards" : "bold_outline"}
            error={errorAt(errors, "captions_template")}
            onChange={(id) => onChange(withValue(options, "captions_template", id))}
          />
          <div class="columns">
            {!script && (
              <Select
                label={t("captionLanguage")}
                error={errorAt(errors, "export/captions/language") ?? errorAt(errors, "translate")}
                value={english ? "en" : "spoken"}
                choices={[{ value: "spoken", label: t("asSpoken") }, { value: "en", label: t("inEnglish") }]}
                onChange={setLanguage}
              />
            )}
          </div>
          <SwitchOption {...props} path="mask_profanity" label={t("maskProfanity")} usual={false} />
        </>
      )}
    </Group>
  );
}

function Brand({ options, errors, onChange }: OptionProps) {
  const asks = may("brand:read");
  const { data } = useQuery(asks ? "brand-kits" : null, (signal) => call(api.GET("/v1/brand-kits", { signal })).then((list) => list.items));
  if (!asks) return null;
  const value = options.export?.brand?.kit_id ?? "";
  const known = (data ?? []).map((one) => ({ value: one.kit_id, label: one.kit.name }));
  const choices = [{ value: "", label: t("noKit") }, ...known];
  return (
    <Group title={t("groupBrand")}>
      {data?.length === 0 && !value ? (
        <p class="hint">{t("noKitYet")} <a href={to("brand-kits")}>{t("makeKit")}</a></p>
      ) : (
        <Select label={t("kit")} hint={t("kitHint")} error={errorAt(errors, "export/brand")} value={value} choices={choices} onChange={(id) => onChange(withValue(options, "export/brand", id ? { kit_id: id } : undefined))} />
      )}
    </Group>
  );
}

function Sound(props: OptionProps) {
  return (
    <Group title={t("groupSound")}>
      <ChoiceOption
        {...props}
        path="export/sound/denoise"
        label={t("denoise")}
        usual="off"
        choices={[{ value: "off", label: t("denoiseOff") }, { value: "light", label: t("denoiseLight") }, { value: "strong", label: t("denoiseStrong") }]}
      />
      <SwitchOption {...props} path="export/sound/level_speakers" label={t("levelSpeakers")} hint={t("levelSpeakersHint")} usual={true} />
      <SwitchOption {...props} path="export/sound/high_pass" label={t("highPass")} usual={false} />
    </Group>
  );
}

function Speech({ script, ...props }: OptionProps & { script: boolean }) {
  const shown = language.value;
  const choices = useMemo(
    () => [{ value: "", label: script ? t("chooseLanguage") : t("detected") }, ...namedLanguages(shown).map(({ code, name }) => ({ value: code, label: name }))],
    [shown, script],
  );
  return (
    <Group title={script ? t("groupScriptLanguage") : t("groupSpeech")}>
      <Select
        label={script ? t("scriptLanguage") : t("spokenLanguage")}
        hint={script ? t("scriptLanguageHint") : t("spokenLanguageHint")}
        error={errorAt(props.errors, "language")}
        value={props.options.language ?? ""}
        choices={choices}
        onChange={(code) => props.onChange(withValue(props.options, "language", code || undefined))}
      />
      {!script && <ListOption {...props} path="glossary" label={t("glossary")} hint={t("glossaryHint")} />}
    </Group>
  );
}

export function OptionsForm({ script, ...props }: OptionProps & { script: boolean }) {
  return (
    <div class="options">
      {script && <Speech {...props} script />}
      <Moments {...props} />
      <Shapes {...props} />
      <Captions {...props} script={script} />
      <Brand {...props} />
      {!script && <Sound {...props} />}
      {!script && <Speech {...props} script={false} />}
      <MoreOptions {...props} script={script} />
    </div>
  );
}

export type { Options };
