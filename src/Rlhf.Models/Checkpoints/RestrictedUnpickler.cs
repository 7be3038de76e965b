using System.Buffers.Binary;
using System.Text;

namespace Rlhf.Models.Checkpoints;

/// <summary>
/// A pickle machine that can build plain data and tensors and nothing else: no name is imported, no object is constructed, no
/// function is called. A pickle that asks for more is refused with the name it asked for. It is a loop over a stack, so nesting costs
/// no recursion, and everything it allocates is bounded by the size of its input.
/// </summary>
internal sealed class RestrictedUnpickler
{
    private readonly string _file;
    private readonly byte[] _code;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<long, object?> _memo = [];
    private int _position;

    private RestrictedUnpickler(string file, byte[] code)
    {
        _file = file;
        _code = code;
    }

    /// <summary>Runs the pickle and returns its value.</summary>
    /// <param name="file">How errors name the input.</param>
    /// <param name="code">The bytes of <c>data.pkl</c>.</param>
    public static object? Load(string file, byte[] code) => new RestrictedUnpickler(file, code).Run();

    /// <summary>One line with the place in the pickle.</summary>
    private DataFormatException Error(string message) => new($"{_file}: pickle byte {_position}: {message}");

    private object? Run()
    {
        while (true)
        {
            byte opcode = Byte();
            if (opcode == (byte)'.')
                return Pop();
            if (!TryScalar(opcode) && !TryContainer(opcode) && !TryMemo(opcode))
                Object(opcode);
        }
    }

    private bool TryScalar(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'N': Push(null); return true;
            case 0x88: Push(true); return true;
            case 0x89: Push(false); return true;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); return true;
            case (byte)'K': Push((long)Byte()); return true;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); return true;
            case 0x8a: Push(Long(Byte())); return true;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); return true;
            case (byte)'X': Push(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); return true;
            case 0x8c: Push(Text(Byte())); return true;
            default: return false;
        }
    }

    private bool TryContainer(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'(': _marks.Push(_stack.Count); return true;
            case (byte)'}': Push(new Pickled.Map([])); return true;
            case (byte)']': Push(new Pickled.Sequence([])); return true;
            case (byte)')': Push(new Pickled.Tuple([])); return true;
            case (byte)'t': Push(new Pickled.Tuple(PopToMark())); return true;
            case 0x85: Push(new Pickled.Tuple(PopMany(1))); return true;
            case 0x86: Push(new Pickled.Tuple(PopMany(2))); return true;
            case 0x87: Push(new Pickled.Tuple(PopMany(3))); return true;
            case (byte)'a': Append(PopMany(1)); return true;
            case (byte)'e': Append(PopToMark()); return true;
            case (byte)'s': SetItems(PopMany(2)); return true;
            case (byte)'u': SetItems(PopToMark()); return true;
            case (byte)'0': Pop(); return true;
            default: return false;
        }
    }

    private bool TryMemo(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'q': _memo[Byte()] = Peek(); return true;
            case (byte)'r': _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek(); return true;
            case 0x94: _memo[_memo.Count] = Peek(); return true;
            case (byte)'h': Push(Recall(Byte())); return true;
            case (byte)'j': Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); return true;
            default: return false;
        }
    }

    private void Object(byte opcode)
    {
        switch (opcode)
        {
            case 0x80:
                byte protocol = Byte();
                if (protocol is < 2 or > 5)
                    throw Error($"protocol {protocol}, expected 2 to 5");
                break;
            case 0x95:
                Take(8);
                break;
            case (byte)'c':
                string module = Line();
                Push(TorchPickle.Allow(_file, new Pickled.Global(module, Line())));
                break;
            case 0x93:
                object?[] names = PopMany(2);
                if (names is not [string moduleName, string name])
                    throw Error("a global is named by something that is not text");
                Push(TorchPickle.Allow(_file, new Pickled.Global(moduleName, name)));
                break;
            case (byte)'R':
                object?[] call = PopMany(2);
                if (call is not [Pickled.Global function, Pickled.Tuple arguments])
                    throw Error("a call of something that is not an allowed function, expected torch._utils._rebuild_tensor_v2 or the like");
                Push(TorchPickle.Reduce(_file, function, arguments.Items));
                break;
            case (byte)'Q':
                Push(TorchPickle.PersistentStorage(_file, Pop()));
                break;
            case (byte)'b':
                // A state dict carries its modules' versions as an attribute (_metadata): plain data without use here.
                object? state = Pop();
                if (Peek() is not Pickled.Map || state is not Pickled.Map)
                    throw Error("sets the state of an object, expected at most the attributes of a dict");
                break;
            default:
                throw Error($"opcode 0x{opcode:x2}{(opcode is > 32 and < 127 ? $" ('{(char)opcode}')" : "")} is not among those of a state dict of tensors");
        }
    }

    private void Append(object?[] items)
    {
        if (Peek() is not Pickled.Sequence list)
            throw Error("appends to something that is not a list");
        list.Items.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        if (Peek() is not Pickled.Map map || items.Length % 2 != 0)
            throw Error("sets items of something that is not a dict");
        for (int i = 0; i < items.Length; i += 2)
        {
            if (items[i] is not (string or long))
                throw Error("a dict key that is neither text nor an integer");
            if (!map.Items.TryAdd(items[i]!, items[i + 1]))
                throw Error($"the key '{items[i]}' appears twice in one dict");
        }
    }

    private object? Recall(long index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw Error($"memo entry {index} was never stored");

    private long Long(int length)
    {
        if (length > 8)
            throw Error($"an integer of {length} bytes, expected at most 8");
        ReadOnlySpan<byte> bytes = Take(length);
        long value = length > 0 && (bytes[^1] & 0x80) != 0 ? -1 : 0;
        for (int i = length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }

    private string Text(uint length)
    {
        try
        {
            return TorchPickle.StrictUtf8.GetString(Take(length));
        }
        catch (ArgumentException)
        {
            throw Error("text that is not valid UTF-8");
        }
    }

    private string Line()
    {
        int length = _code.AsSpan(_position).IndexOf((byte)'\n');
        if (length < 0)
            throw Error("truncated inside a name");
        string line = Encoding.Latin1.GetString(_code, _position, length);
        _position += length + 1;
        return line;
    }

    private byte Byte() => Take(1)[0];

    private ReadOnlySpan<byte> Take(uint length)
    {
        if (length > (uint)(_code.Length - _position))
            throw Error($"truncated, {length} bytes wanted and {_code.Length - _position} left");
        ReadOnlySpan<byte> taken = _code.AsSpan(_position, (int)length);
        _position += (int)length;
        return taken;
    }

    private ReadOnlySpan<byte> Take(int length) => Take((uint)length);

    private void Push(object? value) => _stack.Add(value);

    private object? Peek()
    {
        RequireDepth(1);
        return _stack[^1];
    }

    private object? Pop() => PopMany(1)[0];

    private object?[] PopMany(int count)
    {
        RequireDepth(count);
        object?[] items = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return items;
    }

    private object?[] PopToMark()
    {
        if (!_marks.TryPop(out int mark))
            throw Error("no mark on the stack");
        return PopMany(_stack.Count - mark);
    }

    private void RequireDepth(int count)
    {
        // Items below the newest mark belong to whoever set it.
        int floor = _marks.TryPeek(out int mark) ? mark : 0;
        if (_stack.Count - floor < count)
            throw Error("the stack is empty");
    }
}
