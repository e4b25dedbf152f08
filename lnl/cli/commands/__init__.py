"""What a user types: names, options and help of every command.

Each imports what it needs when it runs, so that no command pays for another's libraries.
"""
