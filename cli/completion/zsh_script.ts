/**
 * The completion script for zsh. Commands and options are in it, with what they are for; names are
 * asked for.
 *
 * @module
 */
import type { LineNode } from "./line_model.ts";
import { shellWord } from "./shell_words.ts";

/** The script, without a variable of zsh's own (`options`, `words`): to be sourced after `compinit`, or put into a directory of `$fpath` as `_authsome`. */
export function zshScript(nodes: readonly LineNode[]): string {
  const described = (items: readonly { readonly word: string; readonly summary: string }[]) =>
    items.map(({ word, summary }) =>
      shellWord(`${word.replaceAll(":", "\\:")}:${summary.replaceAll(":", "\\:")}`)
    )
      .join(" ");
  const cases = nodes.map(({ name, next, options, places }) => {
    const values = options.filter(({ value }) => value !== null)
      .map(({ word, value }) => shellWord(`${word}:${value}`));
    return `    ${shellWord(name)})
      next=(${described(next)})
      flags=(${described(options)})
      values=(${values.join(" ")})
      places=(${places.map((place) => shellWord(place)).join(" ")}) ;;`;
  });
  return `#compdef authsome
# Completions of authsome for zsh, made by: authsome completions zsh
# Load them in ~/.zshrc, below compinit:  eval "$(authsome completions zsh)"

# What may follow the words of a command.
_authsome_node() {
  next=() flags=() values=() places=()
  case "$1" in
${cases.join("\n")}
    *) return 1 ;;
  esac
}
${ENGINE}`;
}

const ENGINE = `
_authsome_value() { # KIND PROVIDER
  local -a found
  case "$1" in
    '='*) found=(\${(s:,:)1#=}); compadd -a found ;;
    @files) _files ;;
    @commands) _command_names -e ;;
    @none | '') ;;
    '@'*) found=(\${(f)"$("\${words[1]}" __complete "\${1#@}" "$PREFIX" "$2" 2>/dev/null)"}); compadd -a found ;;
  esac
}

_authsome() {
  local command='' option='' provider='' word
  local -i place=0 i
  local -a next flags values places
  _authsome_node ''
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ -n $option ]]; then option=''; continue; fi
    case "$word" in
      --)
        if ((i + 1 == CURRENT)); then _command_names -e; else _files; fi
        return ;;
      -*) if [[ -n \${(M)values:#\${word}:*} ]]; then option="$word"; fi ;;
      *)
        if ((place == 0)) && [[ -n \${(M)next:#\${word}:*} ]]; then
          command="\${command:+$command }$word"
          _authsome_node "$command"
        else
          if [[ "\${places[1]}" == @commands ]]; then _files; return; fi
          if ((place == 0)); then provider="$word"; fi
          place+=1
        fi ;;
    esac
  done
  if [[ -z $option && "\${words[CURRENT]}" == --*=* ]]; then
    option="\${words[CURRENT]%%=*}"
    compset -P '*='
  fi
  if [[ -n $option ]]; then
    for word in \${(M)values:#\${option}:*}; do _authsome_value "\${word#*:}" "$provider"; done
    return
  fi
  if [[ "\${words[CURRENT]}" == -* ]]; then _describe option flags; return; fi
  if ((place == 0 && \${#next})); then _describe command next; fi
  if ((place < \${#places})); then _authsome_value "\${places[place + 1]}" "$provider"; fi
}

if [[ "\${funcstack[1]}" == _authsome ]]; then _authsome "$@"; else compdef _authsome authsome; fi
`;
