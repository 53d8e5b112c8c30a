"""Writes tests/stories/ again from the demonstration patients (`make stories`). Read the difference before you commit it."""

from __future__ import annotations

from tests.serving import serving
from tests.stories.telling import HERE, RESPONSES, answers, demos, order_demos, request, write


def main() -> None:
    with serving() as client:
        for name in (*demos(), *order_demos()):
            asked = request(client, name)
            write(HERE / name / "request.json", asked)
            for language, file in RESPONSES.items():
                write(HERE / name / file, answers(client, asked, language))


if __name__ == "__main__":
    main()
