-- Which of these projects have been erased. Parameter: project_ids.
SELECT DISTINCT org_id, project_id FROM tombstones WHERE project_id IN {project_ids:Array(UUID)}
