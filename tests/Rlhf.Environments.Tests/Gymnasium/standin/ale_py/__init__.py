"""Stands in for ale_py, which ALE/… needs beside gymnasium."""
