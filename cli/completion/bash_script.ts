/**
 * The completion script for bash. Commands and options are in it; names are asked for.
 *
 * @module
 */
import type { LineNode } from "./line_model.ts";
import { shellWord } from "./shell_words.ts";

/** The script. Works with bash 3.2, which macOS has, and needs no bash-completion. */
export function bashScript(nodes: readonly LineNode[]): string {
  const cases = nodes.map(({ name, next, options, places }) => {
    const values = options.filter(({ value }) => value !== null)
      .map(({ word, value }) => `${word}:${value}`);
    return `    ${shellWord(name)})
      next=${shellWord(next.map(({ word }) => word).join(" "))}
      options=${shellWord(options.map(({ word }) => word).join(" "))}
      values=${shellWord(values.join(" "))}
      places=${shellWord(places.join(" "))} ;;`;
  });
  return `${HEAD}
# What may follow the words of a command.
_authsome_node() {
  next= options= values= places=
  case "$1" in
${cases.join("\n")}
    *) return 1 ;;
  esac
}
${ENGINE}`;
}

const HEAD = `# Completions of authsome for bash, made by: authsome completions bash
# Load them in ~/.bashrc:  eval "$(authsome completions bash)"
`;

const ENGINE = `
_authsome_value() { # KIND WORD PROVIDER
  case "$1" in
    =*) COMPREPLY=($(compgen -W "$(printf %s "\${1#=}" | tr , ' ')" -- "$2")) ;;
    @files) COMPREPLY=($(compgen -f -- "$2")) ;;
    @commands) COMPREPLY=($(compgen -c -- "$2")) ;;
    @none | '') ;;
    @*) COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" __complete "\${1#@}" "$2" "$3" 2>/dev/null)" -- "$2")) ;;
  esac
}

_authsome() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" command='' option='' provider='' place=0
  local next options values places word kind i
  COMPREPLY=()
  _authsome_node ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [ "$word" = = ]; then continue; fi
    if [ -n "$option" ]; then option=''; continue; fi
    case "$word" in
      --) if [ $((i + 1)) -eq "$COMP_CWORD" ]; then _authsome_value @commands "$cur"; fi; return ;;
      -*) case " $values " in *" $word:"*) option="$word" ;; esac ;;
      *)
        if [ "$place" -eq 0 ] && case " $next " in *" $word "*) true ;; *) false ;; esac; then
          command="\${command:+$command }$word"
          _authsome_node "$command"
        else
          if [ "$places" = @commands ]; then return; fi
          if [ "$place" -eq 0 ]; then provider="$word"; fi
          place=$((place + 1))
        fi ;;
    esac
  done
  if [ "$cur" = = ]; then cur=''; fi
  if [ -n "$option" ]; then
    for kind in $values; do
      case "$kind" in "$option:"*) _authsome_value "\${kind#*:}" "$cur" "$provider"; return ;; esac
    done
  fi
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$cur")); return ;;
  esac
  if [ "$place" -eq 0 ] && [ -n "$next" ]; then COMPREPLY=($(compgen -W "$next" -- "$cur")); fi
  set -f
  i=0
  for kind in $places; do
    if [ "$i" -eq "$place" ]; then
      set +f
      word=("\${COMPREPLY[@]}")
      _authsome_value "$kind" "$cur" "$provider"
      COMPREPLY=("\${word[@]}" "\${COMPREPLY[@]}")
      return
    fi
    i=$((i + 1))
  done
  set +f
}

complete -o default -F _authsome authsome
`;
