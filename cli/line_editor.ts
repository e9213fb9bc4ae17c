/**
 * What typing one line means, byte by byte: no terminal in here.
 *
 * @module
 */

/** What a byte did. */
export type Keystroke =
  | { readonly type: "typing"; readonly echo: string }
  | { readonly type: "entered"; readonly text: string }
  | { readonly type: "cancelled" };

/** How to echo. */
export interface LineEditorOptions {
  /** Show `*` for each character instead of the character. */
  readonly masked: boolean;
  /** Most characters echoed: a line that wraps cannot be erased again. */
  readonly room: number;
}

const ERASE = "\b \b";
const NOTHING = { type: "typing", echo: "" } as const;

/** Edits one line. */
export class LineEditor {
  readonly #options: LineEditorOptions;
  #characters: string[] = [];
  /** Bytes of a character that is not complete yet (RFC 3629). */
  #partial: number[] = [];
  #escape: "none" | "begun" | "sequence" = "none";

  /** An empty line. */
  constructor(options: LineEditorOptions) {
    this.#options = options;
  }

  /** One byte as the terminal sends it in raw mode. */
  press(byte: number): Keystroke {
    if (this.#escape !== "none") return this.#skipEscape(byte);
    switch (byte) {
      case 0x03: // Ctrl-C
        return { type: "cancelled" };
      case 0x04: // Ctrl-D, at the beginning of a line
        return this.#characters.length === 0 ? { type: "cancelled" } : NOTHING;
      case 0x0a:
      case 0x0d:
        return { type: "entered", text: this.#characters.join("") };
      case 0x08:
      case 0x7f:
        return this.#erase(1);
      case 0x15: // Ctrl-U
        return this.#erase(this.#characters.length);
      case 0x1b:
        this.#escape = "begun";
        return NOTHING;
    }
    return byte < 0x20 ? NOTHING : this.#type(byte);
  }

  #type(byte: number): Keystroke {
    this.#partial.push(byte);
    const [first] = this.#partial;
    const length = first! < 0x80 ? 1 : first! < 0xe0 ? 2 : first! < 0xf0 ? 3 : 4;
    if (this.#partial.length < length) return NOTHING;
    const character = new TextDecoder().decode(Uint8Array.from(this.#partial));
    this.#partial = [];
    this.#characters.push(character);
    const fits = this.#characters.length <= this.#options.room;
    return { type: "typing", echo: !fits ? "" : this.#options.masked ? "*" : character };
  }

  #erase(count: number): Keystroke {
    this.#partial = [];
    const before = Math.min(this.#characters.length, this.#options.room);
    this.#characters.length = Math.max(this.#characters.length - count, 0);
    const after = Math.min(this.#characters.length, this.#options.room);
    return { type: "typing", echo: ERASE.repeat(before - after) };
  }

  /** Arrow keys and the like (ECMA-48 CSI): not part of a value. */
  #skipEscape(byte: number): Keystroke {
    if (this.#escape === "begun") {
      this.#escape = byte === 0x5b || byte === 0x4f ? "sequence" : "none";
    } else if (byte >= 0x40 && byte <= 0x7e) this.#escape = "none";
    return NOTHING;
  }
}
