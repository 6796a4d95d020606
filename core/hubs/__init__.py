"""Datasets from and to Hugging Face and ModelScope: what a repository holds, its files, our rows there.

Started by `core.datasets.hub_jobs`; the work runs in jobs of the kind "hub".
"""
