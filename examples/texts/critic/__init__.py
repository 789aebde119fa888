"""A judge, a critic, and what can happen between them, in four steps.

The last part of "Errors and Processes". Each step runs by itself, and all of them with

    python -m examples.texts.critic
"""
