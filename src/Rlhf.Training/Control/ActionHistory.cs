using System.Text.Json.Serialization;
using Rlhf.Kernels.Memory;
using Rlhf.Models;

namespace Rlhf.Training.Control;

/// <summary>The actions that each environment has seen since its episode began.</summary>
internal sealed class ActionHistory : IDisposable
{
    private readonly HostBuffer<float>[] _actions;
    private readonly int[] _steps;
    private readonly int _length;

    /// <param name="environments">N.</param>
    /// <param name="length">Floats of an action.</param>
    public ActionHistory(int environments, int length)
    {
        _length = length;
        _steps = new int[environments];
        _actions = [.. Enumerable.Range(0, environments).Select(_ => new HostBuffer<float>(1024L * length))];
    }

    /// <summary>[steps, A] actions of the episode that an environment is in.</summary>
    public View<float> Actions(int environment) => _actions[environment].View(_steps[environment], _length);

    /// <summary>The episode is over.</summary>
    public void Clear(int environment) => _steps[environment] = 0;

    /// <summary>One more step; memory grows with the longest episode, and then no more.</summary>
    public void Add(int environment, ReadOnlySpan<float> action)
    {
        int start = _steps[environment] * _length;
        if (start + _length > _actions[environment].Length)
        {
            var larger = new HostBuffer<float>(2 * _actions[environment].Length);
            _actions[environment].Span.CopyTo(larger.Span);
            _actions[environment].Dispose();
            _actions[environment] = larger;
        }

        action.CopyTo(_actions[environment].Span[start..]);
        _steps[environment]++;
    }

    public void Save(string path, long steps, long[] episodes) => ControlFiles.WriteJson(
        path,
        new State(steps, episodes, [.. Enumerable.Range(0, episodes.Length).Select(n => Vectors.Span(Actions(n)).ToArray())]));

    /// <exception cref="DataFormatException">Not such a file, or of other environments.</exception>
    public (long Steps, long[] Episodes) Load(string path)
    {
        State state = ControlFiles.ReadJson<State>(path, "the environments of a run");
        if (state.Episodes.Length != _steps.Length || state.Actions.Length != _steps.Length)
            throw new DataFormatException($"{path}: {state.Episodes.Length} environments, expected {_steps.Length}");
        for (int n = 0; n < _steps.Length; n++)
        {
            if (state.Actions[n].Length % _length != 0)
                throw new DataFormatException($"{path}: environment {n} has {state.Actions[n].Length} numbers of actions, expected a multiple of {_length}");
            _steps[n] = 0;
            foreach (float[] action in state.Actions[n].Chunk(_length))
                Add(n, action);
        }

        return (state.Steps, state.Episodes);
    }

    public void Dispose()
    {
        foreach (HostBuffer<float> actions in _actions)
            actions.Dispose();
    }

    private sealed record State(
        [property: JsonRequired] long Steps, [property: JsonRequired] long[] Episodes, [property: JsonRequired] float[][] Actions);
}
