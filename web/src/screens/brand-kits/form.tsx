/** The parts of a brand kit as a form. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { IconButton } from "~/components/button";
import { Checkbox, Select, TextField } from "~/components/fields";
import { Card } from "~/components/page";
import { number, percent } from "~/i18n";
import { common } from "~/i18n/common";
import { templateWords } from "~/i18n/server-words";
import { AssetSelect } from "./assets";
import { CORNERS, FONTS, ROLES, type Asset, type Kit, type Placed, type Template } from "./kit";
import { t } from "./messages";

interface Part {
  kit: Kit;
  assets: Map<string, Asset>;
  disabled: boolean;
  onChange: (change: Partial<Kit>) => void;
}

function Colour({ label, value, disabled, onChange }: { label: string; value: string | undefined; disabled: boolean; onChange: (value: string | undefined) => void }) {
  const id = useId();
  return (
    <div class="colour">
      <input id={id} type="color" value={(value ?? "#808080").slice(0, 7)} disabled={disabled} aria-label={t("pick", { name: label })} onInput={(event) => onChange(event.currentTarget.value)} />
      <label for={id}>{label}</label>
      <code>{value ?? t("noColour")}</code>
      {value && !disabled && <IconButton small label={`${common("remove")}: ${label}`} icon="close" onClick={() => onChange(undefined)} />}
    </div>
  );
}

function Slider({ label, value, min, max, step, text, disabled, onChange }: {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  text: string;
  disabled: boolean;
  onChange: (value: number) => void;
}) {
  const id = useId();
  return (
    <div class="field slider">
      <label for={id}>{label} <output>{text}</output></label>
      <input id={id} type="range" min={min} max={max} step={step} value={value} aria-valuetext={text} disabled={disabled} onInput={(event) => onChange(Number(event.currentTarget.value))} />
    </div>
  );
}

function Colours({ kit, disabled, onChange }: Part) {
  const names = [...ROLES, ...Object.keys(kit.colours ?? {}).filter((name) => !ROLES.some((role) => role === name))];
  const change = (name: string, value: string | undefined) => {
    const { [name]: _, ...others } = kit.colours ?? {};
    onChange({ colours: value ? { ...others, [name]: value } : others });
  };
  return (
    <Card title={t("colours")}>
      {names.map((name) => {
        const role = ROLES.find((one) => one === name);
        return <Colour key={name} label={role ? t(`colour_${role}`) : name} value={kit.colours?.[name]} disabled={disabled} onChange={(value) => change(name, value)} />;
      })}
    </Card>
  );
}

function Captions({ kit, assets, disabled, onChange, templates }: Part & { templates: Template[] }) {
  const changeFont = (role: (typeof FONTS)[number], assetId: string | null) => {
    const { [role]: _, ...others } = kit.fonts ?? {};
    onChange({ fonts: assetId ? { ...others, [role]: assetId } : others });
  };
  const chosen = templates.find((one) => one.template_id === kit.template);
  return (
    <Card title={t("captions")}>
      <Select
        label={t("template")}
        value={kit.template ?? ""}
        disabled={disabled}
        hint={chosen && (templateWords(chosen.template_id)?.description ?? <span lang="en">{chosen.description}</span>)}
        choices={[{ value: "", label: t("noTemplate") }, ...templates.map((one) => ({ value: one.template_id, label: templateWords(one.template_id)?.name ?? one.name }))]}
        onChange={(template) => onChange({ template: template || null })}
      />
      <h3>{t("fonts")}</h3>
      {FONTS.map((role) => (
        <AssetSelect key={role} kind="font" label={t(`font_${role}`)} none={t("builtIn")} value={kit.fonts?.[role]} assets={assets} disabled={disabled} onChange={(assetId) => changeFont(role, assetId)} />
      ))}
    </Card>
  );
}

function PlacedPart({ part, kit, assets, disabled, onChange }: Part & { part: "logo" | "watermark" }) {
  const placed = kit[part];
  const change = (next: Partial<Placed>) => placed && onChange({ [part]: { ...placed, ...next } });
  return (
    <Card title={t(part)}>
      <AssetSelect
        kind="image"
        label={t("image")}
        none={t("none")}
        value={placed?.asset_id}
        assets={assets}
        disabled={disabled}
        onChange={(assetId) => onChange({ [part]: assetId ? { corner: part === "logo" ? "top_left" : "bottom_right", opacity: part === "logo" ? 1 : 0.5, ...placed, asset_id: assetId } : null })}
      />
      {placed && (
        <div class="form-grid">
          <Select label={t("corner")} value={placed.corner ?? "top_left"} disabled={disabled} choices={CORNERS.map((value) => ({ value, label: t(value) }))} onChange={(corner) => change({ corner })} />
          <Select label={t("during")} value={placed.during ?? "all"} disabled={disabled} choices={(["all", "start", "end"] as const).map((value) => ({ value, label: t(`during_${value}`) }))} onChange={(during) => change({ during })} />
          <Slider label={t("width")} value={placed.width ?? 0.18} min={0.02} max={0.6} step={0.01} text={percent(placed.width ?? 0.18)} disabled={disabled} onChange={(width) => change({ width })} />
          <Slider label={t("opacity")} value={placed.opacity ?? 1} min={0.05} max={1} step={0.05} text={percent(placed.opacity ?? 1)} disabled={disabled} onChange={(opacity) => change({ opacity })} />
        </div>
      )}
    </Card>
  );
}

function LowerThird({ kit, disabled, onChange }: Part) {
  const plate = kit.lower_third;
  return (
    <Card title={t("lowerThird")}>
      <Checkbox label={t("showPlate")} checked={Boolean(plate)} disabled={disabled} onChange={(on) => onChange({ lower_third: on ? { show: "first_time", seconds: 4 } : null })} />
      {plate && (
        <div class="form-grid">
          <Select label={t("show")} value={plate.show ?? "first_time"} disabled={disabled} choices={(["first_time", "each_turn"] as const).map((value) => ({ value, label: t(value) }))} onChange={(show) => onChange({ lower_third: { ...plate, show } })} />
          <Slider label={t("seconds")} value={plate.seconds ?? 4} min={1} max={10} step={0.5} text={number(plate.seconds ?? 4)} disabled={disabled} onChange={(seconds) => onChange({ lower_third: { ...plate, seconds } })} />
        </div>
      )}
    </Card>
  );
}

function Around({ kit, assets, disabled, onChange }: Part) {
  const card = kit.end_card;
  return (
    <Card title={t("around")}>
      <AssetSelect kind="video" label={t("intro")} none={t("none")} value={kit.intro} assets={assets} disabled={disabled} onChange={(intro) => onChange({ intro })} />
      <AssetSelect kind="video" label={t("outro")} none={t("none")} value={kit.outro} assets={assets} disabled={disabled} onChange={(outro) => onChange({ outro })} />
      <Checkbox label={t("showCard")} checked={Boolean(card)} disabled={disabled} onChange={(on) => onChange({ end_card: on ? { seconds: 3, text: kit.name } : null })} />
      {card && (
        <>
          <TextField label={t("cardText")} value={card.text ?? ""} maxLength={120} disabled={disabled} onInput={(text) => onChange({ end_card: { ...card, text } })} />
          <AssetSelect kind="image" label={t("image")} none={t("none")} value={card.asset_id} assets={assets} disabled={disabled} onChange={(asset_id) => onChange({ end_card: { ...card, asset_id } })} />
          <Slider label={t("seconds")} value={card.seconds ?? 3} min={1} max={8} step={0.5} text={number(card.seconds ?? 3)} disabled={disabled} onChange={(seconds) => onChange({ end_card: { ...card, seconds } })} />
        </>
      )}
    </Card>
  );
}

function Music({ kit, assets, disabled, onChange }: Part) {
  const music = kit.music;
  return (
    <Card title={t("music")}>
      <AssetSelect kind="music" label={t("musicFile")} none={t("none")} value={music?.asset_id} assets={assets} disabled={disabled} onChange={(assetId) => onChange({ music: assetId ? { ...music, asset_id: assetId } : null })} />
      {music && (
        <>
          <div class="form-grid">
            <Slider label={t("gain")} value={music.gain_db ?? -16} min={-40} max={0} step={1} text={number(music.gain_db ?? -16)} disabled={disabled} onChange={(gain_db) => onChange({ music: { ...music, gain_db } })} />
            <Slider label={t("duck")} value={music.duck_db ?? -10} min={-40} max={0} step={1} text={number(music.duck_db ?? -10)} disabled={disabled} onChange={(duck_db) => onChange({ music: { ...music, duck_db } })} />
          </div>
          <Checkbox label={t("loop")} checked={music.loop ?? true} disabled={disabled} onChange={(loop) => onChange({ music: { ...music, loop } })} />
        </>
      )}
    </Card>
  );
}

export function KitForm({ templates, ...part }: Part & { templates: Template[] }): ComponentChildren {
  return (
    <div class="kit-form">
      <Card>
        <TextField label={common("name")} value={part.kit.name} maxLength={100} required disabled={part.disabled} onInput={(name) => part.onChange({ name })} />
      </Card>
      <Colours {...part} />
      <PlacedPart part="logo" {...part} />
      <Captions {...part} templates={templates} />
      <LowerThird {...part} />
      <Around {...part} />
      <Music {...part} />
      <PlacedPart part="watermark" {...part} />
    </div>
  );
}
