/** Versions of the edit: who made them, when and what they did. Going back is a new version, and can be undone. */
import type { Schemas } from "~/api/client";
import { Button } from "~/components/button";
import { Badge } from "~/components/states";
import { ago, dateTime } from "~/i18n";
import type { Editor } from "../model/editor";
import { tf } from "../file-messages";
import { toldActor, toldOperations } from "../parts/told";

export function HistoryPanel({ editor, members, canEdit }: { editor: Editor; members: Schemas["OrganisationMember"][]; canEdit: boolean }) {
  const versions = editor.saver.versions.value;
  const newest = editor.saver.saved.value.version;
  return (
    <>
      <ol class="plain versions">
        {versions.map((one) => (
          <li key={one.version} class={one.version === newest ? "now" : ""}>
            <div>
              <strong>{tf("version", { version: one.version })}</strong> {one.version === newest && <Badge tone="active">{tf("now")}</Badge>}
              <p>{toldActor(one, members)}: {toldOperations([one])}</p>
              <small title={dateTime(one.created_at)}>{ago(one.created_at)}</small>
            </div>
            {canEdit && one.version !== newest && (
              <Button small onClick={() => editor.do([{ op: "restore", version: one.version }])}>{tf("goBack")}</Button>
            )}
          </li>
        ))}
      </ol>
      {(versions.at(-1)?.version ?? 1) > 1 && <p class="hint">{tf("older")}</p>}
    </>
  );
}
