/** Everything of the organisation: to take along, and to erase. */
import { Archives } from "./archives";
import { Erasure } from "./erasure";

export function DataAndErasure() {
  return (
    <>
      <Archives />
      <Erasure />
    </>
  );
}
