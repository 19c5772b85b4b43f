"""A Pulumi engine without the Pulumi CLI: runs the unchanged program and applies it to the embedded cloud.

It is this project's own engine, for loopback only; ``pulumi up`` with the same program is what reaches AWS.
"""
