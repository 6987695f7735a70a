/** Changes and their authors in words. */
import type { Schemas } from "~/api/client";
import { session } from "~/session/session";
import type { Operation } from "../model/apply";
import type { EditVersion } from "../model/history";
import { t } from "../messages";
import { tt } from "../text-messages";

const DONE = {
  trim: "trim", delete_words: "delete_words", drop_fillers: "drop_fillers", drop_pauses: "drop_pauses", split: "splitDone", join: "joinDone",
  move: "move", insert: "insert", remove: "remove", speed: "speedDone", mute: "mute", gain: "gainDone", style: "styleDone", crop: "crop", text: "text",
  look: "lookDone",
} as const;

function toldOne(operation: Operation): string {
  return operation.op === "restore" ? tt("restored", { version: operation.version }) : tt(DONE[operation.op]);
}

export function toldOperations(versions: readonly EditVersion[]): string {
  const told = versions.flatMap((version) => version.operations.map(toldOne));
  return [...new Set(told)].join(", ") || tt("made");
}

export function toldActor(version: EditVersion | undefined, members: readonly Schemas["OrganisationMember"][]): string {
  const actor = version?.actor;
  if (!actor) return version?.made_by === "machine" ? t("machine") : t("somebody");
  if (actor.id === session.value?.profile.user_id) return t("you");
  if (actor.kind === "key" || actor.kind === "service_account") return t("aKey");
  const member = members.find((one) => one.user_id === actor.id);
  return member?.name || member?.email || t("somebody");
}
