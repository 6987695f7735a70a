/** Line icons, 24 units wide, drawn for this app; always beside a word or below a label. */

const PATHS = {
  home: "M4 11l8-7 8 7M6 9.5V20h12V9.5M10 20v-6h4v6",
  plus: "M12 5v14M5 12h14",
  search: "M11 5a6 6 0 100 12 6 6 0 000-12zM20 20l-4.5-4.5",
  chart: "M4 20V4M4 20h16M8 16v-5M12 16V8M16 16v-8",
  bell: "M6 16V11a6 6 0 1112 0v5l2 2H4zM10 20a2 2 0 004 0",
  hook: "M9 8a3 3 0 113 3v5a4 4 0 11-4-4",
  card: "M3 6h18v12H3zM3 10h18",
  brush: "M5 19c0-3 2-4 4-4l8-9 2 2-9 8c0 2-1 4-5 3z",
  people: "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM3 20a6 6 0 0112 0M16 4.5a3.5 3.5 0 010 6.5M17 14a6 6 0 014 6",
  key: "M8 12a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM10.5 13.5L19 5M16 8l2.5 2.5M13.5 10.5l2 2",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  shield: "M12 3l7 3v6c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6z",
  wrench: "M14.5 6.5a4 4 0 015-1l-3 3 1 2 2 1 3-3a4 4 0 01-5.5 5L9 20.5a2 2 0 01-3-3l7.500-8z",
  settings: "M12 9a3 3 0 100 6 3 3 0 000-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.100 2.100M16.300 16.300l2.100 2.100M5.600 18.400l2.100-2.100M16.300 7.700l2.100-2.100",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  next: "M6 5l9 7-9 7zM18 5v14",
  previous: "M18 5l-9 7 9 7zM6 5v14",
  stop: "M6 6h12v12H6z",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 13l4 4L19 7",
  warning: "M12 4l9 16H3zM12 10v4M12 17h.01",
  info: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5M12 8h.01",
  down: "M6 9l6 6 6-6",
  right: "M9 6l6 6-6 6",
  left: "M15 6l-6 6 6 6",
  up: "M6 15l6-6 6 6",
  upload: "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4",
  download: "M12 4v12M7 11l5 5 5-5M4 20h16",
  link: "M10 14a4 4 0 006 .500l3-3a4 4 0 00-5.500-5.500L12 7.500M14 10a4 4 0 00-6-.500l-3 3A4 4 0 0010.500 18l1.500-1.500",
  share: "M16 8a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM7 14.500a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM16 21a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM9 11l5-4M9 13l5 4",
  scissors: "M6 9a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM6 20a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM8 8l12 10M8 16L20 6",
  undo: "M9 7L4 12l5 5M4 12h10a5 5 0 015 5v1",
  redo: "M15 7l5 5-5 5M20 12H10a5 5 0 00-5 5v1",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  pencil: "M4 20l1-4L16 5l3 3L8 19z",
  copy: "M8 8h12v12H8zM4 16V4h12",
  tag: "M4 4h8l8 8-8 8-8-8zM8 8h.01",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.500h4M4 14.500h4M16 9.500h4M16 14.500h4",
  text: "M5 6h14M12 6v13M9 19h6",
  crop: "M7 3v14h14M3 7h14v14",
  music: "M9 18V6l11-2v12M6.500 21a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM17.500 19a2.500 2.500 0 100-5 2.500 2.500 0 000 5z",
  sound: "M4 9.500v5h4l5 4v-13l-5 4zM16.500 9a4.200 4.200 0 010 6M19 6.500a8 8 0 010 11",
  expand: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  fit: "M4 6v12M20 6v12M7 12h10M9.500 9.500L7 12l2.500 2.500M14.500 9.500L17 12l-2.500 2.500",
  zoomIn: "M11 5a6 6 0 100 12 6 6 0 000-12zM20 20l-4.500-4.500M8.500 11h5M11 8.500v5",
  zoomOut: "M11 5a6 6 0 100 12 6 6 0 000-12zM20 20l-4.500-4.500M8.500 11h5",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 100 6 3 3 0 000-6z",
  sun: "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600L19 19M5 19l1.400-1.400M17.600 6.400L19 5",
  moon: "M20 14.500A8.500 8.500 0 019.500 4 8.500 8.500 0 1020 14.500z",
  logout: "M14 4h6v16h-6M4 12h11M11 8l4 4-4 4",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
  clock: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v5l3 2",
  person: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21a8 8 0 0116 0",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} stroke-width={name === "dots" ? 3.2 : undefined} />
    </svg>
  );
}
