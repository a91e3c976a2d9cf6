"""The conformance table, family by family: a new objective is one more row in the file of its family."""

from tests.conformance import adversarial, combinators, fields, moments, transport

ROWS = moments.ROWS | transport.ROWS | adversarial.ROWS | fields.ROWS | combinators.ROWS
