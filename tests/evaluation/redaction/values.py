"""Made-up personal values, and the ways in which people say each of them."""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field

from faker import Faker

DIGITS = "zero one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
FILLERS = ("uh", "um", "er", "let me see", "you know")
CORRECTIONS = ("no wait", "sorry", "i mean", "no sorry", "scratch that", "wait no")
LOCALES = ("en_US", "en_GB", "en_IN", "de_DE", "fr_FR", "es_ES", "pl_PL", "it_IT", "pt_BR",
           "tr_TR", "nl_NL", "sv_SE", "yo_NG")  # fmt: skip
PROVIDERS = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "proton.me", "gmx.de",
             "hotmail.co.uk", "fastmail.com", "orange.fr", "web.de")  # fmt: skip
MONTHS = ("January February March April May June July August September October November "
          "December").split()  # fmt: skip
ORDINALS = ("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
            "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth "
            "twentieth").split()  # fmt: skip
ORDINALS += [f"twenty {word}" for word in ORDINALS[:9]] + ["thirtieth"]


def number_words(number: int) -> str:
    """Return a number below a hundred in words."""
    if number < 10:
        return DIGITS[number]
    if number < 20:
        return TEENS[number - 10]
    tens, unit = divmod(number, 10)
    return TENS[tens - 2] + (f" {DIGITS[unit]}" if unit else "")


def grouped(digits: str, sizes: tuple[int, ...]) -> list[str]:
    """Cut digits into groups of the given sizes; what is left over is the last group."""
    groups, at = [], 0
    for size in sizes:
        groups.append(digits[at : at + size])
        at += size
    return [group for group in [*groups, digits[at:]] if group]


@dataclass
class Voice:
    """Say things as one speaker would; every choice comes from `rng`."""

    rng: random.Random

    def digit(self, char: str, *, oh: bool) -> str:
        return "oh" if oh and char == "0" else DIGITS[int(char)]

    def digits(self, groups: list[str], style: str) -> str:
        """Return digits in words: spoken, oh, double, grouped, pairs, filler or corrected."""
        oh = style == "oh" or self.rng.random() < 0.5
        if style == "pairs":
            return " ".join(self._pair(pair, oh) for g in groups for pair in grouped(g, (2,) * 9))
        said = [
            self._doubled(g, oh) if style == "double" else [self.digit(c, oh=oh) for c in g]
            for g in groups
        ]
        if style == "filler":
            for words in said[:-1]:
                words.append(self.rng.choice(FILLERS))
            said[-1].insert(min(2, len(said[-1])), self.rng.choice(FILLERS[:3]))
        if style == "corrected":
            self._correct(said, groups, oh)
        joint = ", " if style == "grouped" else " "
        return joint.join(" ".join(words) for words in said)

    def _pair(self, pair: str, oh: bool) -> str:
        if len(pair) < 2 or pair[0] == "0":
            return " ".join(self.digit(c, oh=oh) for c in pair)
        return number_words(int(pair))

    def _doubled(self, group: str, oh: bool) -> list[str]:
        words, at = [], 0
        while at < len(group):
            run = len(group[at:]) - len(group[at:].lstrip(group[at]))
            take = 3 if run >= 3 else 2 if run == 2 else 1
            prefix = {3: "triple ", 2: "double ", 1: ""}[take]
            words.append(prefix + self.digit(group[at], oh=oh))
            at += take
        return words

    def _correct(self, said: list[list[str]], groups: list[str], oh: bool) -> None:
        where = self.rng.randrange(len(said))
        sign = self.rng.choice(CORRECTIONS)
        wrong = str((int(groups[where][-1]) + self.rng.randint(1, 8)) % 10)
        mistaken = [*said[where][:-1], self.digit(wrong, oh=oh)]
        if self.rng.random() < 0.5:  # the whole group again, or the last digit only
            said[where] = [*mistaken, sign, *said[where]]
        else:
            said[where] = [*mistaken, sign, said[where][-1]]

    def spelled(self, code: str, style: str) -> str:
        """Return letters and digits one by one ("g b two nine")."""
        oh = self.rng.random() < 0.4
        words = [self.digit(c, oh=oh) if c.isdigit() else c.lower() for c in code]
        if style == "filler":
            words.insert(len(words) // 2, self.rng.choice(FILLERS[:3]))
        if style == "corrected":
            at = max(n for n, c in enumerate(code) if c.isdigit())
            words[at : at + 1] = [
                DIGITS[(int(code[at]) + 3) % 10],
                self.rng.choice(CORRECTIONS),
                words[at],
            ]
        if style == "grouped":
            return ", ".join(" ".join(words[n : n + 4]) for n in range(0, len(words), 4))
        return " ".join(words)


def luhn_digit(body: str) -> str:
    """Return the check digit of a card number."""
    total = 0
    for place, char in enumerate(reversed(body)):
        value = int(char) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def steuer_id(rng: random.Random) -> str:
    """Return a German tax number: ten digits, one of them twice, and a check digit."""
    chosen = rng.sample("123456789", 9)
    body = "".join([*chosen, chosen[rng.randrange(8)]])
    product = 10
    for char in body:
        total = (int(char) + product) % 10 or 10
        product = total * 2 % 11
    return body + str((11 - product) % 10)


@dataclass
class Values:
    """Make one line's values; the same kind and tag within a line is the same value."""

    rng: random.Random
    known: tuple[str, ...]  # the people of the session
    faker: dict[str, Faker]
    made: dict[str, dict[str, str]] = field(default_factory=dict)

    def text(self, kind: str, style: str, tag: str = "") -> str:
        """Return a value in a style; unknown styles are an error of the template."""
        key = kind + tag
        if key not in self.made:
            self.made[key] = MAKERS[kind.lower()](self)
        forms = self.made[key]
        if style not in forms:
            raise ValueError(f"{kind} is not said like {style!r}")
        return forms[style]

    @property
    def voice(self) -> Voice:
        return Voice(self.rng)

    def person(self) -> tuple[str, str]:
        fake = self.faker[self.rng.choice(LOCALES)]
        return fake.first_name().split()[0], fake.last_name().split()[-1]

    def digits(self, size: int) -> str:
        return "".join(self.rng.choice(string.digits) for _ in range(size))


def _plain(word: str) -> str:
    import unicodedata

    bare = unicodedata.normalize("NFKD", word.lower().replace("ł", "l").replace("ı", "i"))
    return "".join(c for c in bare if c.isascii() and c.isalpha())


def email(v: Values) -> dict[str, str]:
    first, last = (_plain(part) for part in v.person())
    domain = v.rng.choice(PROVIDERS)
    link, said_link = v.rng.choice(((".", "dot"), ("_", "underscore"), ("-", "dash")))
    number = v.rng.choice(("", "", v.digits(2)))
    local = f"{first}{link}{last}{number}"
    tail = " ".join(DIGITS[int(c)] for c in number)
    name = f"{first} {said_link} {last} {tail}".strip()
    host = domain.replace(".", " dot ")
    other = v.rng.choice([p for p in PROVIDERS if p != domain]).replace(".", " dot ")
    sign = v.rng.choice(CORRECTIONS)
    initial = f"{first[0]} {said_link} {last} {tail}".strip()
    return {
        "written": f"{local}@{domain}",
        "spoken": f"{name} at {host}",
        "initial": f"{initial} at {host}",
        "spelled": f"{' '.join(first)} {said_link} {last} {tail}".strip() + f" at {host}",
        "filler": f"{first} {said_link} um {last} {tail}".strip() + f" uh at {host}",
        "corrected": v.rng.choice(
            (
                f"{name} at {other} {sign} at {host}",
                f"{first} {said_link} {last}o {sign} {name} at {host}",
            )
        ),
        "whisper": v.rng.choice(
            (
                f"{first.title()} {last.title()} at {domain.capitalize()}",
                f"{first.title()}.{last.title()} at {domain.capitalize()}",
                f"{first}{link}{last}{number}@{domain}".capitalize(),
                f"{first} dot {last}@{domain}",
            )
        ),
        "a": name,
        "b": f"at {host}",
        "c": f"{name} at",
        "d": host,
    }


def phone(v: Values) -> dict[str, str]:
    area, local = v.rng.choice("2345678") + v.digits(2), v.rng.choice("2345678") + v.digits(2)
    number = area + local + v.digits(4)
    number = number[:6] + number[6] + number[6] + number[8:]  # something to be doubled
    groups = grouped(number, (3, 3, 4))
    forms = {
        style: v.voice.digits(groups, style)
        for style in ("spoken", "oh", "double", "grouped", "pairs", "filler", "corrected")
    }
    forms["written"] = v.rng.choice(
        ("({}) {}-{}", "{}-{}-{}", "+1 {} {} {}", "{}.{}.{}", "{} {} {}")
    ).format(*groups)
    forms["whisper"] = v.rng.choice(("{}-{}-{}", "{} {} {}", "{}, {}, {}")).format(*groups)
    forms["foreign"] = v.rng.choice(
        (f"+44 7{v.digits(3)} {v.digits(6)}", f"+49 151 {v.digits(8)}",
         f"+33 6 {v.digits(2)} {v.digits(2)} {v.digits(2)} {v.digits(2)}",
         f"07{v.digits(3)} {v.digits(6)}")
    )  # fmt: skip
    forms["plus"] = "plus four four " + v.voice.digits(["7" + v.digits(3), v.digits(6)], "spoken")
    forms["a"] = v.voice.digits(groups[:2], "spoken")
    forms["b"] = v.voice.digits(groups[2:], "spoken")
    forms["c"], forms["d"] = "-".join(groups[:2]), groups[2]
    return forms


def ssn(v: Values) -> dict[str, str]:
    number = f"{v.rng.randint(100, 665)}{v.rng.randint(10, 99)}{v.rng.randint(1000, 9999)}"
    groups = grouped(number, (3, 2, 4))
    forms = {
        style: v.voice.digits(groups, style)
        for style in ("spoken", "oh", "double", "grouped", "filler", "corrected")
    }
    forms["written"] = v.rng.choice(("{}-{}-{}", "{} {} {}")).format(*groups)
    forms["whisper"] = v.rng.choice(("{}-{}-{}", "{} {} {}", "{}, {}, {}")).format(*groups)
    forms["solid"] = number
    forms["last"], forms["lastspoken"] = groups[2], v.voice.digits(groups[2:], "spoken")
    forms["a"] = v.voice.digits(groups[:2], "spoken")
    forms["b"] = v.voice.digits(groups[2:], "spoken")
    return forms


def card(v: Values) -> dict[str, str]:
    body = v.rng.choice(("4", "51", "55", "6011"))
    body += v.digits(15 - len(body))
    number = body + luhn_digit(body)
    groups = grouped(number, (4, 4, 4, 4))
    forms = {
        style: v.voice.digits(groups, style)
        for style in ("spoken", "oh", "double", "grouped", "pairs", "filler", "corrected")
    }
    forms["written"] = v.rng.choice((" ", "-", "")).join(groups)
    forms["whisper"] = v.rng.choice((" ", "-", ", ")).join(groups)
    forms["last"], forms["lastspoken"] = groups[3], v.voice.digits(groups[3:], "spoken")
    forms["a"] = v.voice.digits(groups[:2], "spoken")
    forms["b"] = v.voice.digits(groups[2:], "spoken")
    return forms


def iban(v: Values) -> dict[str, str]:
    code = v.faker[v.rng.choice(("en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL"))].iban()
    spaced = " ".join(grouped(code, (4,) * 9))
    return {
        "written": spaced,
        "solid": code,
        "lower": spaced.lower(),
        "spoken": v.voice.spelled(code, "spoken"),
        "grouped": v.voice.spelled(code, "grouped"),
        "filler": v.voice.spelled(code, "filler"),
        "corrected": v.voice.spelled(code, "corrected"),
        "whisper": v.rng.choice((spaced, "-".join(grouped(code, (4,) * 9)), " ".join(code))),
        "a": v.voice.spelled(code[:12], "spoken"),
        "b": v.voice.spelled(code[12:], "spoken"),
    }


def _numeric(v: Values, number: str, sizes: tuple[int, ...], mark: str = " ") -> dict[str, str]:
    groups = grouped(number, sizes)
    forms = {
        style: v.voice.digits(groups, style)
        for style in ("spoken", "oh", "double", "grouped", "filler", "corrected")
    }
    forms["written"] = forms["whisper"] = mark.join(groups)
    forms["solid"] = number
    half = len(number) // 2
    forms["a"] = v.voice.digits([number[:half]], "spoken")
    forms["b"] = v.voice.digits([number[half:]], "spoken")
    return forms


def _lettered(v: Values, code: str, written: str) -> dict[str, str]:
    return {
        "written": written,
        "whisper": written.replace(" ", "-"),
        "solid": code,
        "lower": code.lower(),
        "spoken": v.voice.spelled(code, "spoken"),
        "filler": v.voice.spelled(code, "filler"),
        "corrected": v.voice.spelled(code, "corrected"),
    }


def nino(v: Values) -> dict[str, str]:
    letters = v.rng.choice(("AB", "CE", "JM", "PR", "SW", "HX"))
    code = letters + v.digits(6) + v.rng.choice("ABCD")
    return _lettered(v, code, " ".join(grouped(code, (2, 2, 2, 2, 1))))


def steuer(v: Values) -> dict[str, str]:
    return _numeric(v, steuer_id(v.rng), (2, 3, 3, 3))


def nir(v: Values) -> dict[str, str]:
    number = "".join(c for c in v.faker["fr_FR"].ssn() if c.isdigit())
    return _numeric(v, number, (1, 2, 2, 2, 3, 3, 2))


def dni(v: Values) -> dict[str, str]:
    number = f"{v.rng.randint(10_000_000, 99_999_999)}"
    code = number + "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]
    return _lettered(v, code, f"{number}-{code[-1]}")


def fiscale(v: Values) -> dict[str, str]:
    code = v.faker["it_IT"].ssn()
    return _lettered(v, code, code)


def bsn(v: Values) -> dict[str, str]:
    return _numeric(v, v.faker["nl_NL"].ssn(), (3, 3, 3))


def pesel(v: Values) -> dict[str, str]:
    return _numeric(v, v.faker["pl_PL"].pesel(), (11,))


def rrn(v: Values) -> dict[str, str]:
    year, month, day = v.rng.randint(60, 99), v.rng.randint(1, 12), v.rng.randint(1, 28)
    front = f"{year}{month:02}{day:02}"
    return _numeric(v, front + v.rng.choice("12") + v.digits(6), (6, 7), "-")


def passport(v: Values) -> dict[str, str]:
    code = v.rng.choice(string.ascii_uppercase) + v.digits(8)
    return _lettered(v, code, code)


def personnummer(v: Values) -> dict[str, str]:
    front = f"{v.rng.randint(60, 99)}{v.rng.randint(1, 12):02}{v.rng.randint(1, 28):02}"
    body = front + v.digits(3)
    return _numeric(v, body + luhn_digit(body), (6, 4), "-")


def badge(v: Values) -> dict[str, str]:
    return _numeric(v, v.rng.choice("123456789") + v.digits(6), (7,))


def address(v: Values) -> dict[str, str]:
    fake = v.faker["en_US"]
    house, street = v.rng.randint(11, 989), fake.last_name()
    suffix = v.rng.choice(("Street", "Avenue", "Road", "Boulevard", "Lane", "Drive", "Court"))
    flat = v.rng.randint(2, 40)
    said = number_words(house) if house < 100 else (
        f"{number_words(house // 100)} {number_words(house % 100)}" if house % 100 >= 10
        else f"{number_words(house // 100)} oh {number_words(house % 100)}"
    )  # fmt: skip
    singly = " ".join(DIGITS[int(c)] for c in str(house))
    low = f"{street} {suffix}".lower()
    wrong = number_words(house % 90 + 3)
    zip_code = v.rng.choice("123456789") + v.digits(4)
    return {
        "written": f"{house} {street} {suffix}",
        "unit": f"{house} {street} {suffix}, Apt {flat}",
        "full": f"{house} {street} {suffix}, {fake.city()}, {fake.state_abbr(False)} {zip_code}",
        "spoken": f"{said} {low}",
        "singly": f"{singly} {low}",
        "spokenunit": f"{said} {low} apartment {number_words(flat)}",
        "filler": f"{said} uh {low}",
        "corrected": f"{wrong} {v.rng.choice(CORRECTIONS)} {said} {low}",
        "whisper": f"{house} {street} {suffix}",
        "lower": f"{house} {low}",
        "a": said,
        "b": low,
        "german": f"{v.faker['de_DE'].last_name()}straße {house % 120 + 1}",
        "french": f"{house % 120 + 1} rue de {v.faker['fr_FR'].last_name().split()[-1]}",
        "box": f"PO Box {v.rng.randint(100, 9999)}",
    }


def date(v: Values) -> dict[str, str]:
    day, month, year = v.rng.randint(1, 28), v.rng.randint(1, 12), v.rng.randint(1955, 2003)
    name = MONTHS[month - 1]
    two = year % 100
    said_year = (
        f"two thousand {number_words(two)}" if year >= 2000 and two else "two thousand"
        if year >= 2000 else f"nineteen {number_words(two)}"
    )  # fmt: skip
    nth = ORDINALS[day - 1]
    spoken = f"{nth} of {name.lower()} {said_year}"
    return {
        "written": v.rng.choice(
            (f"{name} {day}, {year}", f"{day:02}/{month:02}/{year}", f"{year}-{month:02}-{day:02}",
             f"{day} {name} {year}", f"{day:02}.{month:02}.{year}")
        ),
        "whisper": f"{name} {day}, {year}",
        "spoken": spoken,
        "american": f"{name.lower()} {nth} {said_year}",
        "short": f"{name.lower()} {nth}",
        "year": str(year),
        "yearspoken": said_year,
        "digits": f"{number_words(month)} {number_words(day)} {number_words(two)}",
        "filler": f"{nth} of uh {name.lower()} um {said_year}",
        "corrected": f"{ORDINALS[(day + 3) % 28]} {v.rng.choice(CORRECTIONS)} {spoken}",
        "a": f"{nth} of {name.lower()}",
        "b": said_year,
    }  # fmt: skip


def ip(v: Values) -> dict[str, str]:
    octets = [v.rng.choice((81, 88, 93, 145, 185, 203)), *(v.rng.randint(1, 254) for _ in "abc")]
    private = [192, 168, v.rng.randint(2, 99), v.rng.randint(2, 254)]

    def say(parts: list[int], style: str) -> str:
        words = []
        for part in parts:
            text = str(part)
            if style == "digits" or part < 10:
                words.append(" ".join(DIGITS[int(c)] for c in text))
            elif part < 100:
                words.append(number_words(part))
            else:
                rest = part % 100
                low = number_words(rest) if rest >= 10 else f"oh {DIGITS[rest]}"
                words.append(f"{DIGITS[part // 100]} {low}")
        dot = " uh dot " if style == "filler" else " dot "
        return dot.join(words)

    groups = [f"{v.rng.randrange(65536):x}" for _ in range(4)]
    wrong = [*octets[:3], (octets[3] + 7) % 254 + 1]
    return {
        "written": ".".join(map(str, octets)),
        "whisper": ".".join(map(str, octets)),
        "private": ".".join(map(str, private)),
        "six": f"2001:db8:{groups[0]}:{groups[1]}::{groups[2]}",
        "spoken": say(octets, "spoken"),
        "digits": say(octets, "digits"),
        "privatespoken": say(private, "spoken"),
        "filler": say(octets, "filler"),
        "corrected": f"{say(wrong, 'digits')} {v.rng.choice(CORRECTIONS)} {say(octets, 'digits')}",
    }


def handle(v: Values) -> dict[str, str]:
    first, last = (_plain(part) for part in v.person())
    animal = v.rng.choice("otter heron raccoon lynx wombat falcon badger ibex".split())
    number = v.digits(2)
    sort = v.rng.choice(("name", "animal"))
    joined = f"{first}{last}" if sort == "name" else f"{first}{animal}"
    apart = f"{first} {last}" if sort == "name" else f"{first} {animal}"
    digits = " ".join(DIGITS[int(c)] for c in number)
    return {
        "written": f"@{joined}{number}",
        "bare": f"{joined}{number}",
        "spoken": f"{apart} {digits}",
        "joined": joined,
        "underscore": f"{apart.replace(' ', ' underscore ')} {digits}",
        "filler": f"{apart} uh {digits}",
        "corrected": f"{first} {v.rng.choice(CORRECTIONS)} {joined}",
        "whisper": f"{joined.capitalize()}{number}",
        "a": apart,
        "b": digits,
    }


def url(v: Values) -> dict[str, str]:
    first, last = (_plain(part) for part in v.person())
    site, path = v.rng.choice((("linkedin.com", "/in"), ("github.com", ""), ("gitlab.com", ""),
                               ("twitter.com", "")))  # fmt: skip
    own = v.rng.choice((".dev", ".com", ".io", ".me", ".net"))
    spoken = site.replace(".", " dot ") + path.replace("/", " slash ")
    return {
        "written": f"https://{site}{path}/{first}{last}",
        "bare": f"{site}{path}/{first}-{last}",
        "own": f"{first}{last}{own}",
        "ownspoken": f"{first} {last} dot {own[1:]}",
        "owndash": f"{first} dash {last} dot {own[1:]}",
        "spoken": f"{spoken} slash {first} {last}",
        "dashed": f"{spoken} slash {first} dash {last}",
        "filler": f"{spoken} slash uh {first} {last}",
        "corrected": f"{spoken} slash {first} {v.rng.choice(CORRECTIONS)} {first} {last}",
        "whisper": f"{site.capitalize()}{path}/{first}{last}",
        "ownwhisper": f"www.{first}{last}{own}",
        "a": spoken,
        "b": f"slash {first} {last}",
    }


def name(v: Values) -> dict[str, str]:
    first, last = v.person()
    while first.lower() == last.lower():
        first, last = v.person()
    other = v.person()[0]
    return {
        "full": f"{first} {last}",
        "lower": f"{first} {last}".lower(),
        "first": first,
        "firstlower": first.lower(),
        "last": last,
        "lastlower": last.lower(),
        "upper": f"{first} {last}".upper(),
        "possessive": f"{first}'s",
        "filler": f"{first} uh {last}".lower(),
        "corrected": f"{other} {v.rng.choice(CORRECTIONS)} {first} {last}".lower(),
        "whisper": f"{first} {last}",
        "a": first.lower(),
        "b": last.lower(),
    }


def near(word: str, rng: random.Random) -> str:
    """Return a word as somebody writes it who only heard it."""
    swaps = (("ph", "f"), ("c", "k"), ("k", "c"), ("y", "i"), ("i", "y"), ("ie", "y"), ("z", "s"),
             ("ss", "s"), ("tt", "t"), ("nn", "n"), ("ll", "l"), ("v", "w"), ("a", "e"),
             ("e", "a"), ("o", "u"), ("s", "z"))  # fmt: skip
    fits = [(a, b) for a, b in swaps if a in word[1:].lower()]
    if not fits:
        return word + "e"
    before, after = rng.choice(fits)
    at = word.lower().index(before, 1)
    return word[:at] + after + word[at + len(before) :]


def known(v: Values) -> dict[str, str]:
    first, last = v.known[v.rng.randrange(len(v.known))].split()
    return {
        "full": f"{first} {last}",
        "lower": f"{first} {last}".lower(),
        "upper": f"{first} {last}".upper(),
        "first": first,
        "firstlower": first.lower(),
        "last": last,
        "lastlower": last.lower(),
        "possessive": f"{first}'s",
        "possessivelower": f"{last.lower()}'s",
        "bare": f"{first.lower()}s",
        "near": near(first, v.rng),
        "nearlower": near(first, v.rng).lower(),
        "nearlast": near(last, v.rng).lower(),
        "filler": f"{first} uh {last}".lower(),
        "a": first.lower(),
        "b": last.lower(),
    }


MAKERS: dict[str, Callable[[Values], dict[str, str]]] = {
    f.__name__: f
    for f in (email, phone, ssn, card, iban, nino, steuer, nir, dni, fiscale, bsn, pesel, rrn,
              passport, personnummer, badge, address, date, ip, handle, url, name, known)
}  # fmt: skip
KINDS = {"nino": "ID", "steuer": "ID", "nir": "ID", "dni": "ID", "fiscale": "ID", "bsn": "ID",
         "pesel": "ID", "rrn": "ID", "passport": "ID", "personnummer": "ID", "badge": "ID",
         "date": "BIRTHDATE", "known": "NAME"}  # fmt: skip


def kind_of(maker: str) -> str:
    """Return the kind of placeholder that a maker's values should get."""
    return KINDS.get(maker.lower(), maker.upper())
