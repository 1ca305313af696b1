using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AlpacaCot.Worker.Protocol;

/// <summary>
/// Refuses half messages: by itself System.Text.Json gives null or 0 to a constructor's parameter that is missing, and takes null as an item of a list.
/// </summary>
internal static class WholeMessages
{
    /// <summary>Makes required what a type's constructor needs and has no default for, and lists whole.</summary>
    public static void Require(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object) return;
        foreach (var property in type.Properties)
            // Nulls are left out when a message is written, so a parameter that may be null may be missing. Without a setter it is only ever written.
            if (property.Set is not null && property.AssociatedParameter is { HasDefaultValue: false } parameter && !parameter.IsNullable && Nullable.GetUnderlyingType(parameter.ParameterType) is null)
                property.IsRequired = true;
        var lists = type.Properties.Where(p => p.Get is not null && HoldsReferences(p.PropertyType)).ToArray();
        if (lists.Length == 0) return;
        var otherwise = type.OnDeserialized;
        type.OnDeserialized = value =>
        {
            otherwise?.Invoke(value);
            foreach (var list in lists)
                if (list.Get!(value) is IEnumerable items && items.Cast<object?>().Contains(null)) throw new JsonException($"{list.Name} holds null");
        };
    }

    private static bool HoldsReferences(Type type)
        => type.IsAssignableTo(typeof(IEnumerable)) && (type.IsArray ? !type.GetElementType()!.IsValueType : type.GetGenericArguments() is [{ IsValueType: false }]);
}
