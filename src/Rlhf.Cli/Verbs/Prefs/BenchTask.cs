namespace Rlhf.Cli.Verbs.Prefs;

/// <summary>An environment of a grid, with the settings that it is known to learn with.</summary>
/// <param name="Id">The environment's id.</param>
/// <param name="Steps">Environment steps of each run unless <c>--steps</c> gives others.</param>
/// <param name="Options">What runs on the true reward and runs from labels are given alike.</param>
/// <param name="LabelOptions">What runs from labels are given beside that.</param>
internal sealed record BenchTask(string Id, long Steps, string Options = "", string LabelOptions = "");
