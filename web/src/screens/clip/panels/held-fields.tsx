/** Fields whose drag is one change: a slider, a colour. */
import { useId } from "preact/hooks";
import { useHeld } from "./held";

interface HeldField<T> {
  label: string;
  value: T;
  /** Shown while it moves. */
  onMove?: (value: T) => void;
  onSave: (value: T) => void;
}

export function Slider({ label, value, onMove, onSave, min, max, step, text }: HeldField<number> & {
  min: number;
  max: number;
  step: number;
  text: (value: number) => string;
}) {
  const id = useId();
  const held = useHeld(value, onSave, onMove);
  return (
    <div class="field slider">
      <label for={id}>{label} <output>{text(held.value)}</output></label>
      <input
        id={id} type="range" min={min} max={max} step={step} value={held.value} aria-valuetext={text(held.value)}
        onPointerDown={held.hold} onPointerUp={held.release} onPointerCancel={held.release} onBlur={held.release}
        onInput={(event) => held.move(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}

export function Colour({ label, value, onMove, onSave }: HeldField<string>) {
  const id = useId();
  const held = useHeld(value, onSave, onMove);
  return (
    <div class="colour">
      <input
        id={id} type="color" value={held.value.slice(0, 7)}
        onInput={(event) => { held.hold(); held.move(event.currentTarget.value); }} onChange={held.release} onBlur={held.release}
      />
      <label for={id}>{label}</label>
      <code dir="ltr">{held.value}</code>
    </div>
  );
}
