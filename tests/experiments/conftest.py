"""What tests of the commands share."""

import pytest


@pytest.fixture
def refusal(capsys):
    """``(main, *its arguments) -> text``: what a command says that ends with status 2."""

    def told(main, *arguments):
        with pytest.raises(SystemExit) as ended:
            main(*arguments)
        assert ended.value.code == 2
        return capsys.readouterr().err

    return told
