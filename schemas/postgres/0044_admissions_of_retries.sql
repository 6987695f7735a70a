-- A retry sets attempts aside as the API, and the trigger on attempts frees their places with its rights. Forward only.
grant select, delete on admissions to clipstream_api;
