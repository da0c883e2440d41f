"""What the person at the keyboard can mend."""


class OperatorError(Exception):
    """The process cannot go on until its operator acts; the message says what to do.

    A command prints the message as it stands, without a traceback, and ends with 1.
    """
