"""Words that synthetic people are made of.

Common family and given names are combined at random, so a combination that belongs to somebody
is a coincidence; every sample carries the SAMPLE mark.
"""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """A name as written and its reading in hiragana."""

    written: str
    kana: str


def _words(text: str) -> tuple[Word, ...]:
    return tuple(Word(*pair.split(":")) for pair in text.split())


FAMILY = _words(
    "佐藤:さとう 鈴木:すずき 高橋:たかはし 田中:たなか 伊藤:いとう 渡辺:わたなべ 山本:やまもと "
    "中村:なかむら 小林:こばやし 加藤:かとう 吉田:よしだ 山田:やまだ 佐々木:ささき 山口:やまぐち "
    "松本:まつもと 井上:いのうえ 木村:きむら 林:はやし 清水:しみず 山崎:やまざき 森:もり "
    "阿部:あべ 池田:いけだ 橋本:はしもと 石川:いしかわ 前田:まえだ 藤田:ふじた 後藤:ごとう "
    "岡田:おかだ 長谷川:はせがわ 村上:むらかみ 近藤:こんどう 石井:いしい 坂本:さかもと "
    "遠藤:えんどう 青木:あおき 藤井:ふじい 西村:にしむら 福田:ふくだ 太田:おおた 三浦:みうら "
    "岡本:おかもと 松田:まつだ 中川:なかがわ 中野:なかの 原田:はらだ 小野:おの 竹内:たけうち "
    "金子:かねこ 和田:わだ 中山:なかやま 石田:いしだ 上田:うえだ 森田:もりた 柴田:しばた "
    "宮崎:みやざき 酒井:さかい 工藤:くどう 横山:よこやま 内田:うちだ 大野:おおの 宮本:みやもと "
    "五十嵐:いがらし 勅使河原:てしがわら 長曽我部:ちょうそかべ 東海林:しょうじ 一ノ瀬:いちのせ"
)
FAMILY_OLD_CHARACTERS = _words(
    "髙橋:たかはし 髙木:たかぎ 山﨑:やまざき 岩﨑:いわさき 渡邊:わたなべ 渡邉:わたなべ "
    "齋藤:さいとう 齊藤:さいとう 廣瀬:ひろせ 櫻井:さくらい 澤田:さわだ 濱田:はまだ 國分:こくぶ "
    "邊見:へんみ 德永:とくなが 眞鍋:まなべ 惠美:えみ 藪:やぶ 龍﨑:りゅうざき"
)
GIVEN_MALE = _words(
    "一郎:いちろう 健太:けんた 翔太:しょうた 大輔:だいすけ 誠:まこと 浩二:こうじ 直樹:なおき "
    "拓也:たくや 和夫:かずお 正:ただし 茂:しげる 清:きよし 勇:いさむ 蓮:れん 悠真:ゆうま "
    "湊:みなと 大和:やまと 陽斗:はると 隆:たかし 博:ひろし 昭:あきら 進:すすむ 実:みのる "
    "秀樹:ひでき 俊介:しゅんすけ 亮:りょう 剛:つよし 智也:ともや 源三郎:げんざぶろう"
)
GIVEN_FEMALE = _words(
    "花子:はなこ 幸子:さちこ 和子:かずこ 節子:せつこ 美咲:みさき 陽菜:ひな 結衣:ゆい さくら:さくら "
    "葵:あおい 恵子:けいこ 久美子:くみこ 由美:ゆみ 明美:あけみ 直美:なおみ 千代:ちよ トメ:とめ "
    "ハル:はる キヨ:きよ 美穂:みほ 彩香:あやか 真由美:まゆみ 裕子:ゆうこ 智子:ともこ 凛:りん "
    "つむぎ:つむぎ ひまり:ひまり 愛:あい 里奈:りな 静江:しずえ 綾乃:あやの"
)
LATIN_MALE = (
    "NGUYEN VAN MINH", "TRAN QUOC HUNG", "SMITH JOHN MICHAEL", "SANTOS RAFAEL", "KIM MIN JUN",
    "PARK JI HOON", "SILVA CARLOS EDUARDO", "GURUNG BISHAL", "MUELLER HANS", "SINGH ARJUN",
    "REYES JOSE ANTONIO", "OLIVEIRA LUCAS", "BUDI", "ZHANG WEI", "LI HAORAN", "IVANOV SERGEI",
)  # fmt: skip
LATIN_FEMALE = (
    "NGUYEN THI HOA", "LE THI THANH MAI", "JOHNSON EMILY ROSE", "CRUZ MARIA CLARA", "LEE SEO YEON",
    "SHRESTHA ANITA", "PEREIRA JULIANA", "SITI NURHALIZA", "WANG XIUYING", "CHEN MEILING",
    "MARTIN SOPHIE", "THAPA SUNITA", "SUZUKI ANNA BEATRIZ", "GARCIA ISABEL", "DEWI",
)  # fmt: skip
ALIASES = ("山本 武", "金本 明美", "新井 春子", "安田 光", "松原 健")
FOREIGN_CATEGORIES = (
    "中長期在留者",
    "特別永住者",
    "一時庇護許可者",
    "仮滞在許可者",
    "出生による経過滞在者",
    "国籍喪失による経過滞在者",
)
RELATIONS_OF_CHILD = ("父", "母", "親権者", "父", "母", "未成年後見人")
RELATIONS_OF_PROXY = ("子", "夫", "妻", "長男", "長女", "兄", "姉", "知人")
BUILDINGS = ("コーポ", "メゾン", "サンハイツ", "グリーンハイム", "第二寿荘", "パークビュー")
EXCEPTION_REASONS = (
    "病気により左目が開かないため",
    "治療のため帽子を着用しています",
    "宗教上の理由により頭部を覆っています",
    "乳児のため口が開いています",
    "首の麻痺により正面を向けません",
    "医療上の理由により眼帯を着用",
)
