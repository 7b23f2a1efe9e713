"""LEAN's launcher and the classes that a host inside it uses, as stand-ins: they keep state where the real ones do."""
