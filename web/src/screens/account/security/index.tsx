/** How you sign in. */
import { Identities } from "./identities";
import { Passkeys } from "./passkeys";
import { Password } from "./password";
import { SecondFactors } from "./second-factors";

export function Security() {
  return (
    <>
      <Password />
      <SecondFactors />
      <Passkeys />
      <Identities />
    </>
  );
}
