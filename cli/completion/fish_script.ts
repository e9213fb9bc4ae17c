/**
 * The completion script for fish. Commands and options are in it, with what they are for; names are
 * asked for.
 *
 * @module
 */
import type { LineNode } from "./line_model.ts";
import { shellWord } from "./shell_words.ts";

/** The script: to be sourced, or put into `~/.config/fish/completions/authsome.fish`. */
export function fishScript(nodes: readonly LineNode[]): string {
  const word = (text: string) => shellWord(text, "fish");
  const described = (items: readonly { readonly word: string; readonly summary: string }[]) =>
    items.map((item) => word(`${item.word}\t${item.summary}`)).join(" ");
  const cases = nodes.map(({ name, next, options, places }) => {
    const values = options.filter(({ value }) => value !== null)
      .map((option) => word(`${option.word}:${option.value}`));
    return `    case ${word(name)}
      set -g __authsome_next ${described(next)}
      set -g __authsome_options ${described(options)}
      set -g __authsome_values ${values.join(" ")}
      set -g __authsome_places ${places.map(word).join(" ")}`;
  });
  return `# Completions of authsome for fish, made by: authsome completions fish
# Keep them:  authsome completions fish > ~/.config/fish/completions/authsome.fish

# What may follow the words of a command.
function __authsome_node
  switch "$argv[1]"
${cases.join("\n")}
  end
end
${ENGINE}`;
}

const ENGINE = `
function __authsome_value # KIND WORD PROVIDER
  switch "$argv[1]"
    case '=*'
      string split , -- (string sub -s 2 -- "$argv[1]")
    case @files
      __fish_complete_path "$argv[2]"
    case @commands
      __fish_complete_command
    case @none ''
    case '@*'
      authsome __complete (string sub -s 2 -- "$argv[1]") "$argv[2]" "$argv[3]" 2>/dev/null
  end
end

function __authsome_complete
  set -l words (commandline -opc)
  set -l cur (commandline -ct)
  set -l command ''
  set -l option ''
  set -l provider ''
  set -l place 0
  __authsome_node ''
  for i in (seq 2 (count $words))
    set -l word $words[$i]
    if test -n "$option"
      set option ''
      continue
    end
    if test "$word" = --
      test $i -eq (count $words); and __fish_complete_command; or __fish_complete_path "$cur"
      return
    end
    if string match -q -- '-*' "$word"
      if string match -q -- "$word:*" $__authsome_values
        set option "$word"
      end
      continue
    end
    if test $place -eq 0; and string match -q -- "$word"\\t'*' $__authsome_next
      set command (string trim -- "$command $word")
      __authsome_node "$command"
      continue
    end
    if test "$__authsome_places[1]" = @commands
      __fish_complete_path "$cur"
      return
    end
    test $place -eq 0; and set provider "$word"
    set place (math $place + 1)
  end
  set -l front ''
  if test -z "$option"; and string match -q -- '--*=*' "$cur"
    set option (string split -m 1 = -- "$cur")[1]
    set front "$option="
    set cur (string split -m 1 = -- "$cur")[2]
  end
  if test -n "$option"
    for value in $__authsome_values
      if string match -q -- "$option:*" "$value"
        for found in (__authsome_value (string split -m 1 : -- "$value")[2] "$cur" "$provider")
          echo "$front$found"
        end
        return
      end
    end
  end
  if string match -q -- '-*' "$cur"
    printf '%s\\n' $__authsome_options
    return
  end
  if test $place -eq 0; and set -q __authsome_next[1]
    printf '%s\\n' $__authsome_next
  end
  set -l at (math $place + 1)
  if test $at -le (count $__authsome_places)
    __authsome_value "$__authsome_places[$at]" "$cur" "$provider"
  end
end

complete -c authsome -f -a '(__authsome_complete)'
`;
