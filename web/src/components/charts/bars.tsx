/** Amounts by name as bars that lie; a list, so that names may be long and everything is read aloud. */
export interface Bar {
  key: string;
  label: string;
  value: number;
  /** Part of the value that failed, drawn in another colour. */
  bad?: number;
  text: string;
}

export function Bars({ label, bars }: { label: string; bars: Bar[] }) {
  const most = Math.max(1e-9, ...bars.map((one) => one.value));
  return (
    <ul class="bars plain" aria-label={label}>
      {bars.map((one) => (
        <li key={one.key}>
          <span class="bar-label" title={one.label}>{one.label}</span>
          <span class="bar-track" aria-hidden="true">
            <span class="bar" style={{ inlineSize: `${((one.value - (one.bad ?? 0)) / most) * 100}%` }} />
            {one.bad ? <span class="bar bad" style={{ inlineSize: `${(one.bad / most) * 100}%` }} /> : null}
          </span>
          <span class="bar-text">{one.text}</span>
        </li>
      ))}
    </ul>
  );
}
