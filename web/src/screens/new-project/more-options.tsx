/** The options that few need, folded away; the fold opens where one of them is wrong. */
import { useEffect, useRef } from "preact/hooks";
import { Checkbox } from "~/components/fields";
import { t } from "./messages";
import { errorAt, valueAt, withValue } from "./options-model";
import { ChoiceOption, NumberOption, RangesOption, SwitchOption, TextOption, type OptionProps } from "./parts";

const PATHS = [
  "curation", "ranges", "skip", "max_clips", "min_score", "script", "export/preset", "export/video", "export/thumbnails", "export/stems", "export/storyboard",
  "export/sound/target_lufs", "export/sound/declick", "export/sound/track",
];
const PLATFORMS = [["youtube_shorts", "YouTube Shorts"], ["reels", "Instagram Reels"], ["tiktok", "TikTok"], ["linkedin", "LinkedIn"], ["x", "X"]] as const;

export function MoreOptions({ script, ...props }: OptionProps & { script: boolean }) {
  const { options, errors } = props;
  const fold = useRef<HTMLDetailsElement>(null);
  const wrong = PATHS.some((path) => errorAt(errors, path) !== null);
  const count = PATHS.filter((path) => valueAt(options, path) !== undefined).length;
  useEffect(() => {
    if (wrong && fold.current) fold.current.open = true;
  }, [wrong]);
  const whole = options.curation === "off";
  return (
    <details class="option-group more-options" ref={fold}>
      <summary>{t("more")}{count > 0 && <span class="badge active">{t("moreChosen", { count })}</span>}</summary>
      <div class="more-body">
        <h3>{t("moreWhich")}</h3>
        <Checkbox
          label={t("whole")}
          hint={t("wholeHint")}
          checked={whole}
          onChange={(on) => props.onChange(withValue(on ? options : withValue(options, "ranges", undefined), "curation", on ? "off" : undefined))}
        />
        {whole && <RangesOption {...props} path="ranges" label={t("ranges")} hint={t("rangesHint")} />}
        <RangesOption {...props} path="skip" label={t("skip")} hint={t("skipHint")} />
        <div class="columns">
          <NumberOption {...props} path="max_clips" label={t("maxClips")} min={1} max={50} step={1} />
          <NumberOption {...props} path="min_score" label={t("minScore")} hint={t("minScoreHint")} min={0} max={100} step="any" />
        </div>
        {!script && <TextOption {...props} path="script" label={t("exactWords")} hint={t("exactWordsHint")} rows={3} />}
        <h3>{t("moreFiles")}</h3>
        <div class="columns">
          <ChoiceOption {...props} path="export/preset" label={t("platform")} hint={t("platformHint")} usual="" choices={[{ value: "", label: t("noPlatform") }, ...PLATFORMS.map(([value, label]) => ({ value, label }))]} />
          <ChoiceOption
            {...props}
            path="export/video/quality"
            label={t("quality")}
            usual="good"
            choices={[{ value: "draft", label: t("qualityDraft") }, { value: "good", label: t("qualityGood") }, { value: "best", label: t("qualityBest") }]}
          />
        </div>
        <NumberOption {...props} path="export/thumbnails/count" label={t("thumbnails")} placeholder="3" min={1} max={6} step={1} />
        <SwitchOption {...props} path="export/thumbnails/title" label={t("thumbnailTitle")} usual={false} />
        <SwitchOption {...props} path="export/storyboard" label={t("storyboard")} usual={true} />
        {!script && (
          <>
            <SwitchOption {...props} path="export/stems" label={t("stems")} usual={false} />
            <h3>{t("moreSound")}</h3>
            <div class="columns">
              <NumberOption {...props} path="export/sound/target_lufs" label={t("loudness")} placeholder="-14" min={-24} max={-11} step="any" />
              <NumberOption {...props} path="export/sound/track" label={t("track")} placeholder={t("trackUsual")} min={1} max={32} step={1} />
            </div>
            <SwitchOption {...props} path="export/sound/declick" label={t("declick")} usual={false} />
          </>
        )}
      </div>
    </details>
  );
}
