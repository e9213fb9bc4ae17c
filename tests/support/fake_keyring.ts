/**
 * A keyring in a directory: a `secret-tool` for the path of a test's commands, which keeps each secret
 * in a file of its own and replaces it in one step.
 *
 * @module
 */

/** A keyring to be put on a PATH. */
export interface FakeKeyring {
  /** Directory that holds `secret-tool`; in front of the others on the path. */
  readonly bin: string;
  /** The secret kept for this home; null when there is none. */
  kept(home: string): string | null;
  /** Makes it refuse to take anything, or take it again. */
  lock(isLocked: boolean): void;
}

/** Makes one below `directory`. */
export function makeFakeKeyring(directory: string): FakeKeyring {
  const bin = `${directory}/keyring-bin`;
  const kept = `${directory}/keyring`;
  Deno.mkdirSync(bin);
  Deno.mkdirSync(kept);
  Deno.writeTextFileSync(`${bin}/secret-tool`, script(kept), { mode: 0o700 });
  return {
    bin,
    kept(home) {
      try {
        return Deno.readTextFileSync(`${kept}/${home.replaceAll("/", "_")}`);
      } catch {
        return null;
      }
    },
    lock(isLocked) {
      if (isLocked) Deno.writeTextFileSync(`${kept}/locked`, "");
      else Deno.removeSync(`${kept}/locked`);
    },
  };
}

/** `secret-tool lookup service S account A`; `secret-tool store LABEL service S account A`. */
function script(kept: string): string {
  return `#!/bin/sh
for last; do :; done
file="${kept}/$(printf %s "$last" | tr / _)"
case "$1" in
  lookup) [ -e "$file" ] && cat "$file" ;;
  store)
    [ -e "${kept}/locked" ] && exit 1
    cat > "$file.$$" && mv "$file.$$" "$file" ;;
esac
`;
}
