-- What a config says of its strategy replaces what was known; what it leaves out stays.
INSERT INTO strategies (name, category, asset_class, lean_project_path, description, hypothesis, priority)
VALUES (
    %(name)s, %(category)s, %(asset_class)s, %(lean_project_path)s, %(description)s, %(hypothesis)s, %(priority)s
)
ON CONFLICT (name) DO UPDATE
SET
    category = coalesce(excluded.category, strategies.category),
    asset_class = coalesce(excluded.asset_class, strategies.asset_class),
    lean_project_path = coalesce(excluded.lean_project_path, strategies.lean_project_path),
    description = coalesce(excluded.description, strategies.description),
    hypothesis = coalesce(excluded.hypothesis, strategies.hypothesis),
    priority = coalesce(excluded.priority, strategies.priority),
    updated_at = now()
WHERE
    (
        coalesce(excluded.category, strategies.category),
        coalesce(excluded.asset_class, strategies.asset_class),
        coalesce(excluded.lean_project_path, strategies.lean_project_path),
        coalesce(excluded.description, strategies.description),
        coalesce(excluded.hypothesis, strategies.hypothesis),
        coalesce(excluded.priority, strategies.priority)
    ) IS DISTINCT FROM (
        strategies.category,
        strategies.asset_class,
        strategies.lean_project_path,
        strategies.description,
        strategies.hypothesis,
        strategies.priority
    )
