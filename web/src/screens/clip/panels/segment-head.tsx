/** The head of a segment: what is special about it, and where it plays. Dragged by its handle, moved by its buttons. */
import { useSignal } from "@preact/signals";
import { IconButton } from "~/components/button";
import { Icon } from "~/components/icon";
import { Menu } from "~/components/menu";
import { clock, number } from "~/i18n";
import type { Editor } from "../model/editor";
import type { TextBlock } from "../model/words";
import { t } from "../messages";
import { tt } from "../text-messages";

const KIND = "application/x-clipstream-segment";

export function SegmentHead({ editor, block, canEdit, canJoin }: { editor: Editor; block: TextBlock; canEdit: boolean; canJoin: boolean }) {
  const over = useSignal(false);
  const { piece, index } = block;
  const count = editor.edit.value.segments.length;
  const start = (event: DragEvent) => event.dataTransfer?.setData(KIND, String(index));
  const isSegment = (event: DragEvent) => event.dataTransfer?.types.includes(KIND) ?? false;
  const drop = (event: DragEvent) => {
    over.value = false;
    if (!isSegment(event)) return;
    const from = Number(event.dataTransfer?.getData(KIND));
    event.preventDefault();
    editor.move(from, index);
  };
  return (
    <header
      class={`segment-head${over.value ? " over" : ""}${editor.segmentId.value === piece.segment_id ? " chosen" : ""}`}
      onDragOver={(event) => {
        if (!isSegment(event)) return;
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => (over.value = false)}
      onDrop={drop}
    >
      {canEdit && <span class="grip" draggable title={tt("drag")} onDragStart={start}><Icon name="dots" size={16} /></span>}
      <button type="button" class="segment-name" onClick={() => { editor.segmentId.value = piece.segment_id; editor.player.seek(piece.output_start_ms); }}>
        {t("segment", { number: index + 1 })} <small>{clock(piece.output_start_ms, true)}</small>
      </button>
      <Marks block={block} />
      <span class="spread" />
      {canEdit && (
        <>
          <IconButton small label={tt("moveUp")} icon="up" disabled={index === 0} onClick={() => editor.move(index, index - 1)} />
          <IconButton small label={tt("moveDown")} icon="down" disabled={index === count - 1} onClick={() => editor.move(index, index + 1)} />
          <Menu
            label={tt("segmentMenu", { number: index + 1 })}
            button={<Icon name="dots" size={16} />}
            items={[
              { label: canJoin ? tt("join") : tt("cannotJoin"), icon: "link", disabled: !canJoin, onSelect: () => editor.do([{ op: "join", segment_id: piece.segment_id }]) },
              { label: tt("removeSegment"), icon: "trash", danger: true, disabled: count === 1, onSelect: () => editor.do([{ op: "remove", segment_id: piece.segment_id }]) },
            ]}
          />
        </>
      )}
    </header>
  );
}

function Marks({ block: { piece } }: { block: TextBlock }) {
  const marks = [
    piece.muted && tt("muted"),
    piece.speed !== 1 && tt("speed", { speed: number(piece.speed) }),
    piece.gain_db !== 0 && tt("gain", { gain: number(piece.gain_db, { signDisplay: "always" }) }),
    piece.style && tt("style"),
  ].filter(Boolean);
  return <small class="segment-marks">{marks.join(" · ")}</small>;
}
