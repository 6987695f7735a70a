/** How the captions look: the template of the export, and of single segments. */
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Checkbox, Segmented, Select } from "~/components/fields";
import { Loading, ProblemNotice } from "~/components/states";
import { Icon } from "~/components/icon";
import { templateWords } from "~/i18n/server-words";
import { may } from "~/session/session";
import type { Template } from "../model/caption-changes";
import type { Piece } from "../model/clock";
import type { Editor } from "../model/editor";
import type { Overrides } from "../model/look";
import { tl } from "../look-messages";
import { CaptionChanges } from "./caption-changes";

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
      {look.captions && canEdit && <Changes editor={editor} items={items} />}
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

/** Changes of the clip's template, of whomever it is: the editor's choice, the brand kit's, the project's. */
function Changes({ editor, items }: { editor: Editor; items: Template[] }) {
  const look = editor.look.value;
  const kits = useQuery(look.kitId && may("brand:read") ? "brand-kits" : null, (signal) => call(api.GET("/v1/brand-kits", { signal }))).data?.items;
  const kit = kits?.find((one) => one.kit_id === look.kitId)?.kit;
  const name = look.template ?? kit?.template ?? editor.template;
  const template = items.find((one) => one.template_id === name);
  if (!template) return null;
  return (
    <details class="changes">
      <summary>{tl("changes")}</summary>
      <p class="hint">{tl("changesHint", { aspect: look.aspect })}</p>
      <CaptionChanges
        template={template} overrides={look.overrides} aspect={look.aspect}
        onMove={(overrides) => editor.tryLook({ overrides })} onSave={(overrides) => editor.setLook({ overrides })}
      />
    </details>
  );
}

function Templates({ editor, items }: { editor: Editor; items: Template[] }) {
  const chosen = editor.look.value.template;
  const choose = (template: string | null) => editor.setLook({ template, overrides: {} });
  return (
    <fieldset class="templates">
      <legend>{tl("template")}</legend>
      <label class={`template plain${chosen === null ? " chosen" : ""}`}>
        <input type="radio" name="template" class="visually-hidden" checked={chosen === null} onChange={() => choose(null)} />
        <span><strong>{tl("byProject")}</strong> <small>{tl("byProjectHint")}</small></span>
        {chosen === null && <Chosen />}
      </label>
      {items.map((one) => {
        const picture = pictureOf(one.template_id);
        const isChosen = one.template_id === chosen;
        return (
          <label key={one.template_id} class={`template${isChosen ? " chosen" : ""}`}>
            <input type="radio" name="template" class="visually-hidden" checked={isChosen} onChange={() => choose(one.template_id)} />
            {picture && <img src={picture} alt="" loading="lazy" width={1218} height={360} />}
            <TemplateText template={one} />
            {isChosen && <Chosen />}
          </label>
        );
      })}
    </fieldset>
  );
}

function TemplateText({ template }: { template: Template }) {
  const own = templateWords(template.template_id);
  return <span lang={own ? undefined : "en"}><strong>{own?.name ?? template.name}</strong> <small>{own?.description ?? template.description}</small></span>;
}

function Chosen() {
  return <span class="badge active"><Icon name="check" size={14} />{tl("chosen")}</span>;
}

function SegmentLooks({ editor, items }: { editor: Editor; items: Template[] }) {
  const choices = [{ value: "", label: tl("asExport") }, ...items.map((one) => ({ value: one.template_id, label: templateWords(one.template_id)?.name ?? one.name }))];
  return (
    <>
      <h3>{tl("perSegment")}</h3>
      <p class="hint">{tl("perSegmentHint")}</p>
      {editor.edit.value.segments.map((piece, index) => (
        <div key={piece.segment_id} class="segment-look">
          <Select
            label={tl("segmentLook", { number: index + 1 })}
            value={piece.style?.template ?? ""}
            choices={choices}
            onChange={(template) => editor.do([{ op: "style", segment_id: piece.segment_id, template: template || null }])}
          />
          <SegmentChanges editor={editor} piece={piece} number={index + 1} template={items.find((one) => one.template_id === piece.style?.template)} />
        </div>
      ))}
    </>
  );
}

/** Changes of a segment's own template. */
function SegmentChanges({ editor, piece, number, template }: { editor: Editor; piece: Piece; number: number; template: Template | undefined }) {
  if (!piece.style || !template) return null;
  const operation = (overrides: Overrides) => ({ op: "style" as const, segment_id: piece.segment_id, template: template.template_id, overrides });
  return (
    <details class="changes">
      <summary>{tl("segmentChanges", { number })}</summary>
      <CaptionChanges
        template={template} overrides={piece.style.overrides ?? {}} aspect={editor.look.value.aspect}
        onMove={(overrides) => editor.try([operation(overrides)])} onSave={(overrides) => editor.do([operation(overrides)])}
      />
    </details>
  );
}
