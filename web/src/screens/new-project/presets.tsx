/** Saved options: choose, save, rename, erase; one of them may be taken at the start of each new project. */
import { useEffect, useState } from "preact/hooks";
import { api, call, type Schemas } from "~/api/client";
import { asProblem } from "~/api/problem";
import { useQuery } from "~/api/query";
import { Button } from "~/components/button";
import { ConfirmDialog, Dialog } from "~/components/dialog";
import { TextField } from "~/components/fields";
import { Icon } from "~/components/icon";
import { Menu, type MenuItem } from "~/components/menu";
import { ProblemNotice } from "~/components/states";
import { common } from "~/i18n/common";
import { may } from "~/session/session";
import { tell, tellProblem } from "~/state/toasts";
import { newKey } from "~/uploads/model";
import { draft, replaceOptions } from "./draft";
import { t } from "./messages";
import { isSame } from "./options-model";

type Preset = Schemas["ProjectPreset"];

/** Which preset begins a new project of this organisation, on this machine. */
export function usualPreset(orgId: string): string {
  return localStorage.getItem(`clipstream.preset.${orgId}`) ?? "";
}

function setUsualPreset(orgId: string, id: string): void {
  if (id) localStorage.setItem(`clipstream.preset.${orgId}`, id);
  else localStorage.removeItem(`clipstream.preset.${orgId}`);
}

function change(preset: Preset, body: Schemas["ChangeProjectPreset"]): Promise<Preset> {
  const params = { path: { preset_id: preset.preset_id }, header: { "If-Match": `"preset-${preset.version}"` } };
  return call(api.PATCH("/v1/project-presets/{preset_id}", { params, body }));
}

function NameDialog({ title, name, onSave, onClose }: { title: string; name: string; onSave: (name: string) => Promise<unknown>; onClose: () => void }) {
  const [value, setValue] = useState(name);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    onSave(value.trim()).then(onClose, (error: unknown) => {
      setProblem(error);
      setBusy(false);
    });
  };
  const taken = problem !== null && asProblem(problem).code === "preset-name-taken";
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <TextField label={t("presetName")} value={value} onInput={setValue} maxLength={100} required autoFocus error={taken ? t("presetTaken") : null} />
        {problem !== null && !taken && <ProblemNotice problem={problem} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{common("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={value.trim() === ""}>{common("save")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function Presets({ orgId, fresh }: { orgId: string; fresh: boolean }) {
  const { data, reload } = useQuery<Preset[]>(`project-presets?org=${orgId}`, (signal) => call(api.GET("/v1/project-presets", { signal })).then((list) => list.items));
  const [asked, setAsked] = useState<"save" | "rename" | "erase" | null>(null);
  const [usual, setUsual] = useState(usualPreset(orgId));
  const { presetId, options } = draft.value;
  const chosen = data?.find((one) => one.preset_id === presetId) ?? null;

  // Once, where nothing was begun yet: the preset that this person wants at the start.
  useEffect(() => {
    const wanted = fresh ? data?.find((one) => one.preset_id === usual) : undefined;
    if (wanted && draft.peek().presetId === "" && Object.keys(draft.peek().options).length === 0) replaceOptions(wanted.options, wanted.preset_id);
  }, [data]);

  if (!data) return null;
  const changed = chosen !== null && !isSame(chosen.options, options);
  const writes = may("projects:write");
  const choose = (id: string) => replaceOptions(data.find((one) => one.preset_id === id)?.options ?? {}, id);
  const create = async (name: string) => {
    const made = await call(api.POST("/v1/project-presets", { body: { name, options }, headers: { "Idempotency-Key": newKey() } }));
    replaceOptions(made.options, made.preset_id);
    tell(common("saved"));
    reload();
  };
  const patch = async (body: Schemas["ChangeProjectPreset"]) => {
    const saved = await change(chosen!, body);
    if (body.options) replaceOptions(saved.options, saved.preset_id);
    tell(common("saved"));
    reload();
  };
  const erase = async () => {
    await call(api.DELETE("/v1/project-presets/{preset_id}", { params: { path: { preset_id: chosen!.preset_id } } }));
    if (usual === chosen!.preset_id) toggleUsual();
    replaceOptions(options, "");
    reload();
  };
  const toggleUsual = () => {
    const next = usual === presetId ? "" : presetId;
    setUsualPreset(orgId, next);
    setUsual(next);
  };
  const items: (MenuItem | "line")[] = [{ label: t("presetSave"), icon: "plus", onSelect: () => setAsked("save") }];
  if (chosen) {
    items.push(
      { label: t("presetUpdate", { name: chosen.name }), icon: "check", disabled: !changed, onSelect: () => void patch({ options }).catch(tellProblem) },
      { label: t("presetRename"), icon: "pencil", onSelect: () => setAsked("rename") },
      { label: t("presetUsual"), checked: usual === presetId, onSelect: toggleUsual },
      "line",
      { label: t("presetErase"), icon: "trash", danger: true, onSelect: () => setAsked("erase") },
    );
  }
  return (
    <div class="presets">
      <label>
        <span>{t("preset")}</span>
        <select value={chosen ? presetId : ""} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">{t("presetNone")}</option>
          {data.map((one) => <option key={one.preset_id} value={one.preset_id}>{one.name}{one.preset_id === usual ? ` · ${t("presetUsualShort")}` : ""}</option>)}
        </select>
      </label>
      {changed && <span class="badge">{t("presetChanged")}</span>}
      {writes && <Menu label={t("presetMenu")} button={<Icon name="dots" />} items={items} />}
      {asked === "save" && <NameDialog title={t("presetSave")} name="" onSave={create} onClose={() => setAsked(null)} />}
      {asked === "rename" && chosen && <NameDialog title={t("presetRename")} name={chosen.name} onSave={(name) => patch({ name })} onClose={() => setAsked(null)} />}
      {asked === "erase" && chosen && <ConfirmDialog title={t("presetErase")} text={t("presetEraseText", { name: chosen.name })} verb={common("delete")} onConfirm={erase} onClose={() => setAsked(null)} />}
    </div>
  );
}
