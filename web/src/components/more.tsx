/** The end of a list that comes in pages: the next one is read as it comes near the window. The button is for the keyboard. */
import { useEffect, useRef } from "preact/hooks";
import { common } from "~/i18n/common";
import { Button } from "./button";

/** So far below the window the end of the list is when the next page is asked for. */
const NEAR = "1200px";

/** `waits`: the last page was refused, and a person asks for it again. */
export function More({ loading, waits, onMore }: { loading: boolean; waits: boolean; onMore: () => void }) {
  const end = useRef<HTMLParagraphElement>(null);
  const newest = useRef(onMore);
  newest.current = onMore;
  useEffect(() => {
    if (loading || waits || !end.current) return undefined;
    // A new observer tells where the end is now: it may still be near after a page was read.
    const observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && newest.current(), { rootMargin: `${NEAR} 0px` });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [loading, waits]);
  return <p class="more" ref={end}><Button busy={loading} onClick={onMore}>{common("more")}</Button></p>;
}
