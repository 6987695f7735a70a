/** The frame of a page without navigation: sign-in and what leads to it. The language can be chosen there. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { LANGUAGES, language, setLanguage, type Language } from "~/i18n";
import "./bare-page.css";

export function BarePage({ title, lead, children, foot }: {
  title: string;
  lead?: ComponentChildren;
  children: ComponentChildren;
  foot?: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} · Clipstream`;
  }, [title]);
  return (
    <>
      <div class="sign-in">
        <p class="brand"><img src="/web/mark.svg" alt="" width={28} height={28} /> Clipstream</p>
        <h1>{title}</h1>
        {lead && <p class="lead">{lead}</p>}
        {children}
      </div>
      <footer class="bare-foot">
        {foot}
        <p class="bare-languages">
          {(Object.keys(LANGUAGES) as Language[]).map((one) => (
            <button key={one} type="button" lang={one} aria-pressed={language.value === one} onClick={() => setLanguage(one)}>{LANGUAGES[one]}</button>
          ))}
        </p>
      </footer>
    </>
  );
}
