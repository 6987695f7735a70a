/** How the captions look: the template of the export, and of single segments. */
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Checkbox, Segmented, Select } from "~/components/fields";
import { Loading, ProblemNotice } from "~/components/states";
import { Icon } from "~/components/icon";
import { templateWords } from "~/i18n/server-words";
import type { Editor } from "../model/editor";
import { tl } from "../look-messages";

/** Pictures of the templates, drawn by the code that renders: the same as in the documentation. */
const PICTURES = import.meta.glob<string>(["../../../../../docs/pictures/captions/*.jpg", "!../../../../../docs/pictures/captions/scripts.jpg"], { eager: true, query: "?url", import: "default" });

function pictureOf(template: string): string | undefined {
  return PICTURES[`../../../../../docs/pictures/captions/${template}.jpg`];
}

export function CaptionsPanel({ editor, canEdit }: { editor: Editor; canEdit: boolean }) {
  const look = editor.look.value;
  const templates = useQuery("caption-templates", (signal) => call(api.GET("/v1/caption-templates", { signal })));
  if (templates.problem && !templates.data) return <ProblemNotice problem={templates.problem} onRetry={templates.reload} />;
  if (!templates.data) return <Loading />;
  const items = templates.data.items;
  return (
    <div class="panel-form">
      <p class="hint">{tl("scope")}</p>
      <Checkbox label={tl("burned")} hint={tl("burnedHint")} checked={look.captions} onChange={(captions) => editor.setLook({ captions })} />
      {look.captions && <Templates editor={editor} items={items} />}
      <h3>{tl("language")}</h3>
      <Segmented
        label={tl("language")}
        value={look.language}
        choices={[{ value: "spoken", label: tl("spoken") }, { value: "en", label: tl("english"), disabled: !editor.hasEnglish }]}
        onChange={(language) => editor.setLook({ language })}
      />
      {!editor.hasEnglish && <p class="hint below">{tl("noEnglish")}</p>}
      <Checkbox label={tl("mask")} checked={look.maskProfanity} onChange={(maskProfanity) => editor.setLook({ maskProfanity })} />
      {canEdit && <SegmentLooks editor={editor} items={items} />}
    </div>
  );
}

function Templates({ editor, items }: { editor: Editor; items: Schemas["CaptionTemplate"][] }) {
  const chosen = editor.look.value.template;
  return (
    <fieldset class="templates">
      <legend>{tl("template")}</legend>
      <label class={`template plain${chosen === null ? " chosen" : ""}`}>
        <input type="radio" name="template" class="visually-hidden" checked={chosen === null} onChange={() => editor.setLook({ template: null })} />
        <span><strong>{tl("byProject")}</strong> <small>{tl("byProjectHint")}</small></span>
        {chosen === null && <Chosen />}
      </label>
      {items.map((one) => {
        const picture = pictureOf(one.template_id);
        const isChosen = one.template_id === chosen;
        return (
          <label key={one.template_id} class={`template${isChosen ? " chosen" : ""}`}>
            <input type="radio" name="template" class="visually-hidden" checked={isChosen} onChange={() => editor.setLook({ template: one.template_id })} />
            {picture && <img src={picture} alt="" loading="lazy" width={1218} height={360} />}
            <TemplateText template={one} />
            {isChosen && <Chosen />}
          </label>
        );
      })}
    </fieldset>
  );
}

function TemplateText({ template }: { template: Schemas["CaptionTemplate"] }) {
  const own = templateWords(template.template_id);
  return <span lang={own ? undefined : "en"}><strong>{own?.name ?? template.name}</strong> <small>{own?.description ?? template.description}</small></span>;
}

function Chosen() {
  return <span class="badge active"><Icon name="check" size={14} />{tl("chosen")}</span>;
}

function SegmentLooks({ editor, items }: { editor: Editor; items: Schemas["CaptionTemplate"][] }) {
  const choices = [{ value: "", label: tl("asExport") }, ...items.map((one) => ({ value: one.template_id, label: templateWords(one.template_id)?.name ?? one.name }))];
  return (
    <>
      <h3>{tl("perSegment")}</h3>
      <p class="hint">{tl("perSegmentHint")}</p>
      {editor.edit.value.segments.map((piece, index) => (
        <Select
          key={piece.segment_id}
          label={tl("segmentLook", { number: index + 1 })}
          value={piece.style?.template ?? ""}
          choices={choices}
          onChange={(template) => editor.do([{ op: "style", segment_id: piece.segment_id, template: template || null }])}
        />
      ))}
    </>
  );
}
