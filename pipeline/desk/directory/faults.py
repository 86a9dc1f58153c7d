"""What can be wrong with the directory, in words. No name, no password, no part of the tree."""

from __future__ import annotations

from pipeline.domain.errors import InputError

CHECK_JA = "uketsuke users directory 利用者名 で設定を確かめてください。"
UNREACHABLE = "DIRECTORY_UNREACHABLE"
CHECK_EN = "Check the configuration with: uketsuke users directory NAME"


class DirectoryError(InputError):
    """The directory could not be asked; says nothing about whoever wanted to log in."""


def wrong_setting(variable: str, ja: str, en: str) -> InputError:
    """``DIRECTORY_SETTING``: a variable is missing or cannot be used."""
    return InputError(
        "DIRECTORY_SETTING",
        ja=f"ディレクトリの設定 {variable} {ja}",
        en=f"The directory's setting {variable} {en}",
        remedy_ja="docs/cli.md の「設定」にある形に直してください。",
        remedy_en="Put it right; docs/cli.md says what each may be.",
    )


def switched_off() -> InputError:
    """``DIRECTORY_OFF``: none is configured."""
    return InputError(
        "DIRECTORY_OFF",
        ja="ディレクトリは設定されていません。",
        en="No directory is configured.",
        remedy_ja="UKETSUKE_DIRECTORY_URL などを設定してください(docs/cli.md)。",
        remedy_en="Set UKETSUKE_DIRECTORY_URL and the others (docs/cli.md).",
    )


def unreachable() -> DirectoryError:
    """``DIRECTORY_UNREACHABLE``: no server answered in time."""
    return DirectoryError(
        UNREACHABLE,
        ja="庁内のディレクトリにつながらないため、ログインを確かめられません。",
        en="The office's directory cannot be reached, so this log-in cannot be checked.",
        remedy_ja="少し待ってやり直してください。続くときは管理者へ。"
        "この窓口だけの利用者はログインできます。",
        remedy_en="Wait and try again; tell the administrator if it goes on. "
        "Accounts of the desk itself still work.",
    )


def untrusted() -> DirectoryError:
    """``DIRECTORY_CERTIFICATE``: the server did not prove that it is the one that was named."""
    return DirectoryError(
        "DIRECTORY_CERTIFICATE",
        ja="ディレクトリの証明書を確かめられないため、パスワードを送りませんでした。",
        en="The directory's certificate cannot be verified; no password was sent.",
        remedy_ja="UKETSUKE_DIRECTORY_CA の認証局と、"
        "UKETSUKE_DIRECTORY_URL のサーバー名を確かめてください。",
        remedy_en="Check the authority in UKETSUKE_DIRECTORY_CA and the server's name in "
        "UKETSUKE_DIRECTORY_URL.",
    )


def unencrypted() -> DirectoryError:
    """``DIRECTORY_TLS``: the server does not begin TLS, so nothing is asked of it."""
    return DirectoryError(
        "DIRECTORY_TLS",
        ja="ディレクトリが暗号化(StartTLS)に応じないため、何も送りませんでした。",
        en="The directory refuses encryption (StartTLS); nothing was sent.",
        remedy_ja="サーバーで TLS を有効にするか、ldaps:// を使ってください。",
        remedy_en="Enable TLS on the server, or use ldaps://.",
    )


def refused_desk() -> DirectoryError:
    """``DIRECTORY_ACCOUNT``: the account by which the desk looks people up is refused."""
    return DirectoryError(
        "DIRECTORY_ACCOUNT",
        ja="窓口が検索に使うアカウントを、ディレクトリが受け付けません。",
        en="The directory refuses the account by which the desk looks people up.",
        remedy_ja=f"UKETSUKE_DIRECTORY_BIND_DN とパスワードのファイルを直し、{CHECK_JA}",
        remedy_en=f"Correct UKETSUKE_DIRECTORY_BIND_DN and the password file. {CHECK_EN}",
    )


def unsearchable() -> DirectoryError:
    """``DIRECTORY_SEARCH``: a base, group or filter of the settings gives no usable answer."""
    return DirectoryError(
        "DIRECTORY_SEARCH",
        ja="ディレクトリの検索ができません。検索の起点、グループ、フィルターのどれかが違うか、"
        "一つの利用者名に二人が当たります。",
        en="The directory cannot be searched: a base, a group or a filter is wrong, "
        "or one user name fits two people.",
        remedy_ja=CHECK_JA,
        remedy_en=CHECK_EN,
    )
