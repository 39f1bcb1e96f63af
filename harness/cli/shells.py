"""What bash, zsh and fish evaluate to complete arguments: click's scripts, and a kind that no blank follows.

Click's own append a blank to every completion, and fish's cuts one at its first comma, so that a list could not go on.
"""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

PART = "part"
"""Type of a completion that may go on: a name in a list, a folder, the left side of an assignment."""

# Two kinds of plain words; dir and file leave it to the shell.
_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion type value
    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete $1)
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == dir ]]; then
            compopt -o dirnames
        elif [[ $type == file ]]; then
            compopt -o default
        else
            COMPREPLY+=("$value")
            [[ $type == part ]] && compopt -o nospace
        fi
    done
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
# The response is quoted: what is empty, as where nothing is typed yet, is one of three lines, too.
_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain parts response
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) %(complete_var)s=zsh_complete %(prog_name)s)}")
    for type key descr in "${(@)response}"; do
        if [[ "$type" == "dir" ]]; then
            _path_files -/
        elif [[ "$type" == "file" ]]; then
            _path_files -f
        elif [[ "$type" == "part" ]]; then
            parts+=("$key")
        else
            plain+=("$key")
        fi
    done
    [ -n "$plain" ] && compadd -U -V unsorted -a plain
    [ -n "$parts" ] && compadd -U -S '' -V unsorted -a parts
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""  # noqa: E501
# Fish has no word for "no blank" but the end of a completion: it adds none after / = . and a comma. A name in a list
# is offered with a comma, too: of two that begin alike fish writes what they share, and no blank.
_FISH = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -t) %(prog_name)s)
    for completion in $response
        set -l metadata (string split -m 1 "," $completion)
        if test $metadata[1] = "dir"
            __fish_complete_directories $metadata[2]
        else if test $metadata[1] = "file"
            __fish_complete_path $metadata[2]
        else
            echo $metadata[2]
            if test $metadata[1] = "part"; and not string match --quiet --regex '[/=.,]$' -- $metadata[2]
                echo $metadata[2],
            end
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""  # noqa: E501


class _Bash(BashComplete):
    source_template = _BASH


class _Zsh(ZshComplete):
    source_template = _ZSH


class _Fish(FishComplete):
    source_template = _FISH


SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def completion_script(command: click.Command, shell: str) -> str:
    """Return what a shell must evaluate to complete the program's arguments.

    Args:
        command: The program.
        shell: One of `SHELLS`.
    """
    return SHELLS[shell](command, {}, "harness", "_HARNESS_COMPLETE").source()
