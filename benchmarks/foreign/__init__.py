"""Pictures that no bone model should judge, drawn or read: what abstention is fitted on and measured with."""
