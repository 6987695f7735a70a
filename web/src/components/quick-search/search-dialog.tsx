/** The dialog of the quick search: a field, and below it screens, projects, clips and what was said. */
import { useEffect, useId, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import type { ComponentChildren } from "preact";
import { api, call, type Schemas } from "~/api/client";
import { useQuery } from "~/api/query";
import { Dialog } from "~/components/dialog";
import { Icon, type IconName } from "~/components/icon";
import { Marked } from "~/components/marked";
import { clock } from "~/i18n";
import { to, toPlace } from "~/routes";
import type { DialogProps, Screen } from "./index";
import { t } from "./messages";

const TYPING_MS = 200;
const SHOWN = 4;

export interface Option {
  key: string;
  group: string;
  icon: IconName;
  label: ComponentChildren;
  hint?: string;
  href: string;
}

interface Found {
  projects: Schemas["ProjectCard"][];
  hits: Schemas["SearchResult"];
}

async function find(q: string, signal: AbortSignal): Promise<Found> {
  const [projects, hits] = await Promise.all([
    call(api.GET("/v1/projects", { params: { query: { q, limit: SHOWN } }, signal })),
    call(api.GET("/v1/search", { params: { query: { q, only: "clips,segments", limit: SHOWN } }, signal })),
  ]);
  return { projects: projects.items, hits };
}

/** What can be opened, in the order in which it is listed; without words only the screens. */
export function optionsOf(q: string, screens: Screen[], found: Found | undefined): Option[] {
  const wanted = q.trim().toLowerCase();
  const named = screens.filter((one) => one.label.toLowerCase().includes(wanted));
  const options: Option[] = named.map((one) => ({ key: one.href, group: t("screens"), icon: one.icon, label: one.label, href: one.href }));
  if (wanted === "") return options;
  options.push(...(found?.projects ?? []).map((one): Option => ({ key: one.project_id, group: t("projects"), icon: "film", label: one.title || one.project_id, href: to("projects", one.project_id) })));
  options.push(...(found?.hits.clips ?? []).map((one): Option => ({ key: one.clip_id, group: t("clips"), icon: "scissors", label: one.title, hint: one.project_title, href: to("clips", one.clip_id) })));
  options.push(...(found?.hits.segments ?? []).map((one): Option => ({
    key: `${one.project_id}/${one.start_ms}`,
    group: t("transcripts"),
    icon: "text",
    label: <Marked highlight={one.highlight || one.text} />,
    hint: `${one.project_title} · ${clock(one.word_ms)}`,
    href: toPlace(one.project_id, one.word_ms),
  })));
  options.push({ key: "everything", group: "", icon: "search", label: t("everything", { query: q.trim() }), href: `${to("search")}?${new URLSearchParams({ q: q.trim() })}` });
  return options;
}

export function SearchDialog({ screens, onClose }: DialogProps) {
  const { route } = useLocation();
  const id = useId();
  const [text, setText] = useState("");
  const [q, setQ] = useState("");
  const [at, setAt] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setQ(text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const read = useQuery(q ? `quick-search?${q}` : null, (signal) => find(q, signal));
  const waits = text.trim() !== q || read.loading;
  const options = optionsOf(text, screens, text.trim() === q ? read.data : undefined);
  const chosen = Math.min(at, options.length - 1);
  useEffect(() => document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: "nearest" }), [chosen, id]);

  const openOption = (option: Option | undefined) => {
    if (!option) return;
    onClose();
    route(option.href);
  };
  const pressed = (event: KeyboardEvent) => {
    const next = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 }[event.key];
    if (next !== undefined && options.length > 0) {
      event.preventDefault();
      setAt((next + options.length) % options.length);
    } else if (event.key === "Escape") {
      // A field for searches would only be emptied.
      event.preventDefault();
      onClose();
    } else if (event.key === "Enter") {
      event.preventDefault();
      openOption(options[chosen]);
    }
  };
  return (
    <Dialog title={t("open")} onClose={onClose}>
      <div class="quick-search">
        <input
          type="search"
          role="combobox"
          list={undefined}
          aria-label={t("field")}
          aria-expanded={options.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          autoFocus
          placeholder={t("field")}
          value={text}
          onInput={(event) => { setText(event.currentTarget.value); setAt(0); }}
          onKeyDown={pressed}
        />
        <p class="hint" role="status">{read.problem ? t("failed") : waits ? t("searching") : text.trim() ? t("results", { count: Math.max(0, options.length - 1) }) : t("keys")}</p>
        <div role="listbox" id={`${id}-list`} aria-label={t("open")} class="quick-search-list">
          {options.map((option, index) => (
            <div key={option.key}>
              {option.group && option.group !== options[index - 1]?.group && <p class="group" aria-hidden="true">{option.group}</p>}
              <div id={`${id}-${index}`} role="option" aria-selected={index === chosen} class="option" onMouseMove={() => index !== chosen && setAt(index)} onClick={() => openOption(option)}>
                <Icon name={option.icon} size={18} />
                <span class="ellipsis">{option.label}</span>
                {option.hint && <small class="ellipsis">{option.hint}</small>}
              </div>
            </div>
          ))}
        </div>
      </div>
    </Dialog>
  );
}
