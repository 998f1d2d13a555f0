"""The first page: the verdict, the questions that a reader has, one chart, one table."""
